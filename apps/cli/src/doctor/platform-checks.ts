import { stat } from 'node:fs/promises';
import { api, apiPrefix, AppError, type Status } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { openConnection, type Route } from '../connection/connect.js';
import { readCredentials } from '../connection/credentials.js';
import { readPages } from '../pages.js';
import { version } from '../version.js';
import { type Check, type Finding, ok, problem, warning } from './check.js';
import { diskFinding, worst } from './fullness.js';
import type { Machine } from './machine.js';
import { isRefusal, names, partAway, type Platform } from './platform.js';

const noticeableMs = 5_000;
const harmfulMs = 60_000;

/** The way to the platform, and what it says of itself over REST. */
export function platformChecks(cli: Cli, signal: AbortSignal, platform: Platform, machine: Machine): Check[] {
  return [
    { name: 'credentials file', run: () => checkCredentialsFile(cli.settings.credentialsFile) },
    { name: names.platform, run: () => checkPlatform(cli, platform, machine) },
    { name: names.signIn, run: () => checkSignIn(cli, signal, platform) },
    { name: 'version', run: async () => checkVersion((await platform.seen()).version) },
    { name: 'clock', run: () => checkClock(cli, signal, platform) },
    { name: names.parts, run: async () => checkParts((await platform.seen()).parts) },
    { name: 'nodes', run: async () => checkNodes((await platform.seen()).parts) },
    { name: 'disks of nodes', run: () => checkNodeDisks(signal, platform) },
  ];
}

async function checkCredentialsFile(file: string): Promise<Finding> {
  const mode = await stat(file).then((found) => found.mode, () => undefined);
  const { login } = await readCredentials(file);
  if (mode === undefined) return ok(`there is no ${file}, and none is needed`);
  if ((mode & 0o077) !== 0) return warning(`others may read ${file}`, `chmod 600 ${file}`);
  return ok(login ? `${file} holds a login at ${login.url}` : `${file} holds no login`);
}

async function checkPlatform(cli: Cli, platform: Platform, machine: Machine): Promise<Finding> {
  const route = await cli.route().catch((error: unknown) => {
    if (error instanceof AppError) return error;
    throw error;
  });
  if (route instanceof AppError) return machine.isHere ? problem(`the platform of ${machine.home} does not run`, 'npm start') : problem('it is not known which platform is meant', route.detail);
  const asked = await platform.status().catch((error: unknown) => {
    if (error instanceof AppError) return error;
    throw error;
  });
  if (asked instanceof AppError) return problem(`no platform can be reached at ${route.address}`, wayTo(route, asked, machine));
  if (asked.claimed) return ok(`answers at ${route.address}`);
  return warning(`answers at ${route.address}, and nobody has claimed it yet`, 'Open the link that npm start prints on its machine, and become its first sysadmin.');
}

/** What to do where nothing usable is at the end of the way. */
function wayTo({ kind }: Route, { code, detail, cause }: AppError, { home, isHere, asRoot }: Machine): string {
  if (kind === 'address') return code === 'not_found' ? `${detail} Check the address; a platform's is such as http://molo.example.com` : detail;
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES') return `The socket is for root and the owner of ${home}: ${asRoot}. Others sign in: molo login http://molo.example.com`;
  return isHere ? 'npm start' : `No platform was set up in ${home}. Let MOLO_HOME name its folder, or unset it and sign in to one elsewhere: molo login http://molo.example.com`;
}

async function checkSignIn(cli: Cli, signal: AbortSignal, platform: Platform): Promise<Finding> {
  await platform.seen();
  const route = await cli.route();
  const by = route.kind === 'socket' ? "the owner's socket" : cli.settings.token === undefined ? 'molo login' : 'MOLO_TOKEN';
  try {
    const me = await (await cli.client()).me({}, { signal });
    return ok(`${me.name} (${me.role}), by ${by}`);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const signIn = `molo login ${route.address}`;
    if (route.token === undefined) return problem(`there is no token for ${route.address}`, `Sign in: ${signIn}, or set MOLO_TOKEN`);
    // It goes before what molo login stored.
    const advice = cli.settings.token === undefined ? `Sign in again: ${signIn}` : `Set MOLO_TOKEN to a new one, or unset it and sign in: ${signIn}`;
    return problem(`${route.address} refuses the token of ${by}: it is unknown, expired or revoked`, advice);
  }
}

function checkVersion(theirs: string): Finding {
  const ours = version();
  if (ours === theirs) return ok(`${ours}, here and there`);
  return warning(`molo is ${ours}, the platform ${theirs}`, `Bring this checkout of molo to ${theirs}, or the platform to ${ours}, then in it: npm run setup`);
}

/** Over HTTP's own Date, which counts whole seconds: in the middle of one, it was half a second ago that it began. */
async function checkClock(cli: Cli, signal: AbortSignal, platform: Platform): Promise<Finding> {
  await platform.seen();
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
  if (nodes.some(({ name, up }) => name === 'nodes' && !up)) throw partAway();
  if (nodes.length === 0) return problem('there are no nodes, so nothing can run', 'The agent of the platform\'s machine becomes the first. On it: npm run status, then npm start');
  if (nodes.every(({ up }) => up)) return ok(`${nodes.map(({ name }) => name.replace(/^node /, '')).join(', ')} online`);
  return problem(listDown(nodes), 'On the machine of the node: npm run status, then npm start. What its agent says: $MOLO_HOME/log/agent/current');
}

function listDown(parts: readonly Part[]): string {
  return parts.filter(({ up }) => !up).map(({ name, detail }) => `${name} is down${detail === null ? '' : ` (${detail})`}`).join('; ');
}

async function checkNodeDisks(signal: AbortSignal, platform: Platform): Promise<Finding> {
  try {
    const nodes = await platform.ask((client) => readPages((query) => client.listNodes({ query }, { signal })));
    const known = nodes.filter(({ diskBytes, diskUsedBytes }) => diskBytes !== null && diskUsedBytes !== null);
    if (known.length === 0) return ok('no node has told of its disk yet');
    return worst(known.map(({ name, diskBytes, diskUsedBytes }) => diskFinding(name, Number(diskUsedBytes) / Number(diskBytes), `molo nodes shows it. Free room on ${name}, or let fewer releases be kept: MOLO_KEEP_RELEASES=… npm start`)));
  } catch (error) {
    // Who is a member of some apps alone sees no nodes.
    if (error instanceof AppError && error.code === 'forbidden') return ok('not yours to see');
    throw error;
  }
}
