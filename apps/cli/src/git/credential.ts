import { hostname } from 'node:os';
import { AppError } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { type Credentials, readCredentials, writeCredentials } from '../connection/credentials.js';
import { readInput } from '../terminal/ask.js';

const tokenDays = 1;

/** git's credential helper protocol: git names an address, and is answered with a token when it is the platform's. */
export async function answerGit(cli: Cli, _options: object, operation: string): Promise<void> {
  const asked = Object.fromEntries((await readInput()).split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
  const origin = `${asked['protocol']}://${asked['host']}`;
  if (operation === 'erase') return forget(cli, origin);
  if (operation !== 'get') return;
  const token = await tokenFor(cli, origin);
  if (token !== undefined) cli.terminal.raw(`username=molo\npassword=${token}\n`);
}

async function tokenFor(cli: Cli, origin: string): Promise<string | undefined> {
  const route = await cli.route();
  if (route.kind === 'address') {
    const isThere = new URL(route.address).origin === origin || (await servesGitAt(cli, origin));
    return isThere ? route.token : undefined;
  }
  const { gitTokens } = await readCredentials(cli.settings.credentialsFile);
  const kept = gitTokens.find((each) => isFor(cli, origin, each));
  if (kept && Date.parse(kept.expiresAt) > Date.now() + 60_000 && (await isKnown(cli, kept.id))) return kept.token;
  return (await servesGitAt(cli, origin)) ? makeToken(cli, origin) : undefined;
}

/** One home may be another platform's at the same address: each has tokens of its own. */
function isFor(cli: Cli, origin: string, kept: Credentials['gitTokens'][number]): boolean {
  return kept.socket === cli.settings.controlSocket && kept.origin === origin;
}

/** A platform that was installed anew in the same home knows none of the tokens of the one before; nor does any platform know one that was revoked. */
async function isKnown(cli: Cli, id: string): Promise<boolean> {
  const { items } = await (await cli.client()).listTokens({ query: { limit: 200 } });
  return items.some((token) => token.id === id);
}

/** A token must never go to an address that is not the platform's own. */
async function servesGitAt(cli: Cli, origin: string): Promise<boolean> {
  const { items } = await (await cli.client()).listApps({ query: { limit: 1 } });
  return items.some((app) => new URL(app.gitHttpUrl).origin === origin);
}

/** The owner's socket needs no token, git does: it gets one that lasts a day. */
async function makeToken(cli: Cli, origin: string): Promise<string> {
  const client = await cli.client();
  const { id, token, expiresAt } = await client.createToken({ body: { name: `git on ${hostname()}`, rights: ['read', 'deploy'], expiresInDays: tokenDays } });
  if (expiresAt === null) throw new AppError('internal', { detail: 'The platform made a token for git that never ends. Revoke it with molo tokens revoke.' });
  await forget(cli, origin);
  const credentials = await readCredentials(cli.settings.credentialsFile);
  const made = { socket: cli.settings.controlSocket, origin, id, token, expiresAt };
  await writeCredentials(cli.settings.credentialsFile, { ...credentials, gitTokens: [...credentials.gitTokens, made] });
  return token;
}

/** Also where git says that the token was refused. */
async function forget(cli: Cli, origin: string): Promise<void> {
  const credentials = await readCredentials(cli.settings.credentialsFile);
  const others = credentials.gitTokens.filter((each) => !isFor(cli, origin, each));
  if (others.length < credentials.gitTokens.length) await writeCredentials(cli.settings.credentialsFile, { ...credentials, gitTokens: others });
}
