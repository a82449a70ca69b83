import { type App, AppError, AppName } from '@molo/contracts';
import { git } from './git.js';

export const remoteName = 'molo';

/** The app that the remote `molo` of this directory leads to. */
export async function appOfCheckout(): Promise<string | undefined> {
  const url = await git('remote', 'get-url', '--push', remoteName).catch(() => undefined);
  return url === undefined ? undefined : appOfRemote(url);
}

/** `http://molo.localhost/git/myapp.git`, `ssh://git@host:2222/myapp.git` and `git@host:myapp.git` all name myapp. */
export function appOfRemote(url: string): string | undefined {
  const last = /([^/:]+?)(?:\.git)?\/?$/.exec(url)?.[1];
  return AppName.safeParse(last).data;
}

export async function isCheckout(): Promise<boolean> {
  return (await git('rev-parse', '--is-inside-work-tree')) === 'true';
}

export type Transport = 'http' | 'ssh';

/** Adds the remote, and for HTTP tells git to ask molo for the token. */
export async function addRemote(app: App, transport: Transport): Promise<string> {
  const url = transport === 'ssh' ? app.gitSshUrl : app.gitHttpUrl;
  const there = await git('remote', 'get-url', remoteName);
  if (there !== undefined && there !== url) {
    throw new AppError('conflict', { detail: `This checkout has a remote named ${remoteName} already, which leads to ${there}. Remove it with git remote remove ${remoteName}, or push to ${url} yourself.` });
  }
  if (there === undefined) await git('remote', 'add', remoteName, url);
  if (transport === 'http') await git('config', '--local', ...credentialSetting(url));
  return url;
}

/** The key and value that make git ask this very program for the credentials of one platform. */
export function credentialSetting(url: string): [string, string] {
  const quoted = [process.execPath, process.argv[1] ?? 'molo'].map((part) => `'${part.replaceAll("'", "'\\''")}'`);
  return [`credential.${new URL(url).origin}.helper`, `!${quoted.join(' ')} git-credential`];
}
