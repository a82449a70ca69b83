import { stat } from 'node:fs/promises';
import { api, apiPrefix, AppError, type Status } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { openClient, openConnection } from '../connection/connect.js';
import { readCredentials } from '../connection/credentials.js';
import { version } from '../version.js';
import { type Check, type Finding, NotSeen, ok, problem, warning } from './check.js';
import { diskFinding, worst } from './fullness.js';
import { once } from './once.js';

const noticeableMs = 5_000;
const harmfulMs = 60_000;
const names = { platform: 'platform', signIn: 'sign-in' } as const;

/** The way to the platform, and what it says of itself over REST. */
export function platformChecks(cli: Cli, signal: AbortSignal): Check[] {
  const status = once(() => askStatus(cli, signal));
  return [
    { name: 'credentials file', run: () => checkCredentialsFile(cli.settings.credentialsFile) },
    { name: names.platform, run: () => checkPlatform(cli, status) },
    { name: names.signIn, run: () => checkSignIn(cli, signal) },
    { name: 'version', run: async () => checkVersion((await throughPlatform(status)).version) },
    { name: 'clock', run: () => throughPlatform(() => checkClock(cli, signal)) },
    { name: 'platform parts', run: async () => checkParts((await throughPlatform(status)).parts) },
    { name: 'nodes', run: async () => checkNodes((await throughPlatform(status)).parts) },
    { name: 'disks of nodes', run: () => throughPlatform(() => checkNodeDisks(cli, signal)) },
  ];
}

/** Its own right to ask is nothing to the platform's state: a token that is refused is left out. */
async function askStatus(cli: Cli, signal: AbortSignal): Promise<Status> {
  try {
    return await (await cli.client()).status({}, { signal });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'credentials_refused') throw error;
    const client = await openClient({ ...(await cli.route()), token: undefined }, cli.settings);
    return await client.status({}, { signal });
  }
}

/** Asks the platform for a check that is about something else; where it is away or refuses, other checks tell that. */
export async function throughPlatform<Value>(ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'unavailable') throw new NotSeen('the platform does not answer', `Mend first: ${names.platform}`);
    if (isRefusal(error)) throw new NotSeen('nobody is signed in', `Mend first: ${names.signIn}`);
    throw error;
  }
}

function isRefusal({ code }: AppError): boolean {
  return code === 'not_signed_in' || code === 'credentials_refused';
}

async function checkCredentialsFile(file: string): Promise<Finding> {
  const mode = await stat(file).then((found) => found.mode, () => undefined);
  const { login } = await readCredentials(file);
  if (mode === undefined) return ok(`there is no ${file}, and none is needed`);
  if ((mode & 0o077) !== 0) return warning(`others may read ${file}`, `chmod 600 ${file}`);
  return ok(login ? `${file} holds a login at ${login.url}` : `${file} holds no login`);
}

async function checkPlatform(cli: Cli, status: () => Promise<Status>): Promise<Finding> {
  const { address } = await cli.route().catch((error: unknown) => {
    throw error instanceof AppError && isRefusal(error) ? new NotSeen('it is not known which platform is meant', `Mend first: ${names.signIn}`) : error;
  });
  const asked = await status().catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'unavailable') return error;
    throw error;
  });
  if (asked instanceof AppError) return problem(`nothing usable answers at ${address}`, asked.detail);
  if (asked.claimed) return ok(`answers at ${address}`);
  return warning(`answers at ${address}, and nobody has claimed it yet`, 'Open the link that npm start prints on its machine, and become its first sysadmin.');
}

async function checkSignIn(cli: Cli, signal: AbortSignal): Promise<Finding> {
  const route = await cli.route();
  try {
    const me = await (await cli.client()).me({}, { signal });
    const by = route.kind === 'socket' ? "the owner's socket" : cli.settings.token !== undefined ? 'MOLO_TOKEN' : 'molo login';
    return ok(`${me.name} (${me.role}), by ${by}`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'unavailable') throw new NotSeen('the platform does not answer', `Mend first: ${names.platform}`);
    if (!isRefusal(error)) throw error;
    return problem(route.token === undefined ? `there is no token for ${route.address}` : `${route.address} does not take the token`, `Sign in: molo login ${route.address}, or set MOLO_TOKEN`);
  }
}

function checkVersion(theirs: string): Finding {
  const ours = version();
  if (ours === theirs) return ok(`${ours}, here and there`);
  return warning(`molo is ${ours}, the platform ${theirs}`, `Bring this checkout of molo to ${theirs}, or the platform to ${ours}, then in it: npm run setup`);
}

/** Over HTTP's own Date, which counts whole seconds: in the middle of one, it was half a second ago that it began. */
async function checkClock(cli: Cli, signal: AbortSignal): Promise<Finding> {
  const { baseUrl, address, fetch } = await openConnection(await cli.route(), cli.settings);
  const before = Date.now();
  const answer = await fetch(`${baseUrl}${apiPrefix}${api.status.path}`, { method: 'GET', headers: {}, signal }).catch((cause: unknown) => {
    throw new AppError('unavailable', { detail: `The platform at ${address} does not answer.`, cause });
  });
  const roundTripMs = Date.now() - before;
  await answer.text();
  const theirs = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return warning('the platform does not say what time it has', 'Let whatever stands before the platform hand on the header Date.');
  const aheadMs = before + roundTripMs / 2 - (theirs + 500);
  const awayMs = Math.max(0, Math.abs(aheadMs) - 500 - roundTripMs / 2);
  if (awayMs < noticeableMs) return ok("this machine's clock and the platform's are alike");
  const found = `this machine's clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the platform's`;
  return (awayMs < harmfulMs ? warning : problem)(found, 'See which of the two is wrong, and have it kept in time: timedatectl set-ntp true');
}

type Part = Status['parts'][number];

const isNode = ({ name }: Part) => name === 'nodes' || name.startsWith('node ');

function checkParts(all: readonly Part[]): Finding {
  const parts = all.filter((part) => !isNode(part));
  if (parts.every(({ up }) => up)) return ok(`${parts.map(({ name }) => name).join(', ')} are up`);
  return problem(listDown(parts), "On the platform's machine: npm run status, then npm start");
}

function checkNodes(all: readonly Part[]): Finding {
  const nodes = all.filter(isNode);
  if (nodes.length === 0) return problem('there are no nodes, so nothing can run', 'The agent of the platform\'s machine becomes the first. On it: npm run status, then npm start');
  if (nodes.every(({ up }) => up)) return ok(`${nodes.map(({ name }) => name.replace(/^node /, '')).join(', ')} online`);
  return problem(listDown(nodes), 'On the machine of the node: npm run status, then npm start. What its agent says: $MOLO_HOME/log/agent/current');
}

function listDown(parts: readonly Part[]): string {
  return parts.filter(({ up }) => !up).map(({ name, detail }) => `${name} is down${detail === null ? '' : ` (${detail})`}`).join('; ');
}

async function checkNodeDisks(cli: Cli, signal: AbortSignal): Promise<Finding> {
  try {
    const { items } = await (await cli.client()).listNodes({}, { signal });
    const known = items.filter(({ diskBytes, diskUsedBytes }) => diskBytes !== null && diskUsedBytes !== null);
    if (known.length === 0) return ok('no node has told of its disk yet');
    return worst(known.map(({ name, diskBytes, diskUsedBytes }) => diskFinding(name, Number(diskUsedBytes) / Number(diskBytes), `molo nodes shows it. Free room on ${name}, or let fewer releases be kept: MOLO_KEEP_RELEASES=… npm start`)));
  } catch (error) {
    // Who is a member of some apps alone sees no nodes.
    if (error instanceof AppError && error.code === 'forbidden') return ok('not yours to see');
    throw error;
  }
}
