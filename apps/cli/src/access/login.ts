import { hostname } from 'node:os';
import { createClient, type Fetch, type MoloClient } from '@molo/client';
import { AppError, TokenRight } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readExtraCa } from '../connection/connect.js';
import { readCredentials, writeCredentials } from '../connection/credentials.js';
import { httpFetch } from '../connection/http-fetch.js';
import { ask, askSecret, readInput } from '../terminal/ask.js';
import { bold, line } from '../terminal/piece.js';
import type { Terminal } from '../terminal/terminal.js';
import { signIn } from './sign-in.js';

const defaultUrl = 'http://molo.localhost';

interface LoginOptions extends CommonOptions {
  readonly token?: string;
}

/** Keeps a token for a platform: the one that is given, or a new one made with e-mail and password. */
export async function login(cli: Cli, options: LoginOptions, address: string | undefined): Promise<void> {
  if (options.token === undefined && !cli.terminal.isInteractive) {
    throw new AppError('invalid_input', { detail: 'Nobody can be asked here. Give a token: molo login URL --token - reads it from stdin. Or set MOLO_URL and MOLO_TOKEN.' });
  }
  const url = checkUrl(address ?? cli.settings.url ?? ((await ask(`Address of the platform [${defaultUrl}]: `)) || defaultUrl));
  const send = httpFetch({ extraCa: await readExtraCa(cli.settings) });
  await keepLogin(cli, { url, token: await tokenFor(url, options.token, send, cli.terminal), send });
}

/** A token, with its id where it was made here. */
interface LoginToken {
  readonly token: string;
  readonly id?: string;
}

/** Stores the token once it has been seen that it works. */
export async function keepLogin(cli: Cli, { url, token: { token, id: tokenId }, send }: { url: string; token: LoginToken; send: Fetch }): Promise<void> {
  const me = await createClient({ baseUrl: url, fetch: send, headers: { authorization: `Bearer ${token}` } }).me();
  const file = cli.settings.credentialsFile;
  await writeCredentials(file, { ...(await readCredentials(file)), login: { url, token, ...(tokenId === undefined ? {} : { tokenId }) } });
  if (cli.isJson) return cli.terminal.json({ url, ...me });
  cli.terminal.say(line`Signed in to ${url} as ${bold(me.email ?? me.name)} (${me.role}). The token is in ${file}.`);
}

function checkUrl(text: string): string {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  if (url && url.hostname !== '') return url.origin;
  throw new AppError('invalid_input', { detail: `${JSON.stringify(text)} is not an address. It is like http://molo.example.com.` });
}

async function tokenFor(url: string, given: string | undefined, send: Fetch, terminal: Terminal): Promise<LoginToken> {
  if (given !== undefined) return { token: given === '-' ? await readInput() : given };
  const email = await ask('E-mail: ');
  const password = await askSecret('Password: ');
  return await tokenBySession(url, send, (session) => signIn(session, { email, password }, terminal));
}

/** The token may do all that its user may at the time, also by roles that they get later. @param begin signs in */
export async function tokenBySession(url: string, send: Fetch, begin: (session: MoloClient) => Promise<unknown>): Promise<LoginToken> {
  const session = sessionClient(url, send);
  await begin(session);
  const { token, id } = await session.createToken({ body: { name: `molo on ${hostname()}`, rights: [...TokenRight.options] } });
  await session.signOut();
  return { token, id };
}

/** As a browser does it. */
export function sessionClient(url: string, send: Fetch): MoloClient {
  return createClient({ baseUrl: url, fetch: keepingCookies(send), headers: { 'x-molo-csrf': '1' } });
}

/** The session of a sign-in is a cookie, which is kept for as long as the token is being made. */
function keepingCookies(send: Fetch): Fetch {
  let cookie: string | undefined;
  return async (url, init) => {
    const answer = await send(url, cookie === undefined ? init : { ...init, headers: { ...init.headers, cookie } });
    const cookies = answer.headers.getSetCookie().map((each) => each.split(';', 1)[0]);
    if (cookies.length > 0) cookie = cookies.join('; ');
    return answer;
  };
}

/** Ends the token that the sign-in made, and forgets it whatever becomes of that; one that was brought along lives on. */
export async function logout(cli: Cli): Promise<void> {
  const file = cli.settings.credentialsFile;
  const { login: kept } = await readCredentials(file);
  await writeCredentials(file, { login: null, gitTokens: [] });
  const isRevoked = kept !== null && (await revoke(cli, kept));
  if (cli.isJson) return cli.terminal.json({ url: kept?.url ?? null, revoked: isRevoked });
  if (!kept) return cli.terminal.note(line`You were not signed in.`);
  cli.terminal.say(isRevoked ? line`Signed out of ${kept.url}.` : line`Signed out of ${kept.url}. The token itself lives on: molo tokens revoke ends it.`);
}

async function revoke(cli: Cli, { url, token, tokenId }: { url: string; token: string; tokenId?: string | undefined }): Promise<boolean> {
  if (tokenId === undefined) return false;
  try {
    const client = createClient({ baseUrl: url, fetch: httpFetch({ extraCa: await readExtraCa(cli.settings) }), headers: { authorization: `Bearer ${token}` } });
    await client.revokeToken({ params: { tokenId } });
    return true;
  } catch (error) {
    // It is no token any more, or nobody answers: who signs out is signed out here.
    if (error instanceof AppError) return error.code === 'credentials_refused';
    throw error;
  }
}

export async function whoami(cli: Cli): Promise<void> {
  const me = await (await cli.client()).me();
  if (cli.isJson) return cli.terminal.json(me);
  const { address } = await cli.route();
  cli.terminal.say(line`${bold(me.name)}${me.email === null ? '' : ` <${me.email}>`}, ${me.role}, at ${address}`);
  if (me.rights.length > 1 || me.apps.length === 0) cli.terminal.say(line`May: ${me.rights.join(', ')}`);
  for (const app of me.apps) cli.terminal.say(line`On ${app.name}: ${app.rights.join(', ')}`);
}
