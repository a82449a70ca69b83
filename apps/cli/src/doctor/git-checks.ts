import { existsSync } from 'node:fs';
import { AppError } from '@molo/contracts';
import { appOfRemote, credentialSetting, remoteName } from '../git/checkout.js';
import { type Check, type Finding, NotSeen, ok, problem, warning } from './check.js';
import { once } from './once.js';
import type { Platform } from './platform.js';
import { programOutput } from './program-output.js';
import { checkSshKey } from './ssh-key-check.js';
import { isAtLeast, versionIn } from './version-order.js';

/** `git remote get-url` came with it. */
const oldestGit = '2.7';
/** The platform's own pushes go through `receive.procReceiveRefs`, which came with it. */
const oldestGitOfPlatform = '2.29';

/** git, and this folder's way to its app. */
export function gitChecks(signal: AbortSignal, platform: Platform, { ofPlatform }: { ofPlatform: boolean }): Check[] {
  const git = (...args: string[]) => programOutput(signal, 'git', ...args);
  const remote = once(() => remoteHere(git));
  return [
    { name: 'git', run: () => checkGit(git, ofPlatform ? oldestGitOfPlatform : oldestGit) },
    { name: 'git remote', run: async () => checkRemote(platform, await remote(), signal) },
    { name: 'git sign-in', run: async () => checkGitSignIn(platform, signal, git, await remote()) },
  ];
}

type Git = (...args: string[]) => ReturnType<typeof programOutput>;

async function checkGit(git: Git, oldest: string): Promise<Finding> {
  const told = await git('--version');
  if (told === undefined) return problem('git is not installed', 'apt install git');
  const version = versionIn(told.text);
  if (version === undefined) return problem(`git does not tell its version: ${told.text}`, 'See what it is: command -v git');
  return isAtLeast(version, oldest) ? ok(`version ${version}`) : problem(`git ${version} is too old`, `Install git ${oldest} or later: apt install git`);
}

/** `url` is undefined in a checkout that has no remote of ours; no checkout at all is undefined. */
async function remoteHere(git: Git): Promise<{ readonly url: string | undefined } | undefined> {
  const inside = await git('rev-parse', '--is-inside-work-tree');
  if (inside === undefined) throw new NotSeen('there is no git', 'Mend first: git');
  if (inside.text !== 'true') return undefined;
  const told = await git('remote', 'get-url', '--push', remoteName);
  return { url: told?.code === 0 ? told.text : undefined };
}

type Remote = Awaited<ReturnType<typeof remoteHere>>;

async function checkRemote(platform: Platform, remote: Remote, signal: AbortSignal): Promise<Finding> {
  if (remote === undefined) return ok('git sees no checkout in this folder');
  if (remote.url === undefined) return ok(`this checkout has no remote ${remoteName}, so it is no app's: molo apps create gives it one`);
  const { url } = remote;
  const name = appOfRemote(url);
  if (name === undefined) return problem(`${remoteName} leads to ${url}, which names no app`, `molo apps lists the apps. Then: git remote set-url ${remoteName} ADDRESS`);
  try {
    const app = await platform.ask((client) => client.getApp({ params: { app: name } }, { signal }));
    if (url === app.gitHttpUrl || url === app.gitSshUrl) return ok(`${remoteName} leads to the app ${name}`);
    const right = isSsh(url) ? app.gitSshUrl : app.gitHttpUrl;
    return problem(`${remoteName} leads to ${url}, and ${name} is at ${right}`, `git remote set-url ${remoteName} ${right}`);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    return problem(`${remoteName} leads to ${url}, and there is no app ${name} that you may see`, `molo apps lists the apps. Then: git remote set-url ${remoteName} ADDRESS, or git remote remove ${remoteName}`);
  }
}

function isSsh(url: string): boolean {
  return url.startsWith('ssh://') || /^[^/]+@[^/]+:/.test(url);
}

async function checkGitSignIn(platform: Platform, signal: AbortSignal, git: Git, remote: Remote): Promise<Finding> {
  if (remote?.url === undefined) return ok('nothing is pushed from here');
  if (isSsh(remote.url)) return await checkSshKey(platform, signal, remote.url);
  if (!/^https?:\/\//.test(remote.url)) return ok('this remote asks nobody who you are');
  const [key, value] = credentialSetting(remote.url);
  const advice = `git config --local ${key} ${quoted(value)}`;
  const helper = (await git('config', '--get-urlmatch', 'credential.helper', remote.url))?.text ?? '';
  if (helper === '') return warning('git push would ask for a password; molo deploy does not', advice);
  if (!/^!.* git-credential$/.test(helper)) return ok(`git asks ${helper}`);
  const gone = [...helper.matchAll(/'([^']+)'/g)].map(([, path]) => path ?? '').find((path) => path.startsWith('/') && !existsSync(path));
  return gone === undefined ? ok('git asks molo for the token') : problem(`git would ask ${gone}, which is gone`, advice);
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
