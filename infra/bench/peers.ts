import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment, given } from '../config.ts';
import { Traffic } from '../demo/traffic.ts';
import { say, StepFailed } from '../terminal/progress.ts';
import { ask, type Target } from './app-clock.ts';
import { type Figure, inTurn, ratioToFloor } from './figures.ts';
import { deliver } from './push.ts';
import type { Stage } from './stage.ts';
import { WorkingCopy } from './working-copy.ts';

const run = promisify(execFile);
const app = 'bench-peers';
const howToInstall = 'docs/contributing.md tells how to set one up.';

/** Another platform, as a developer uses it: what is typed in the project to deliver its last commit. */
interface Peer {
  readonly name: string;
  readonly typed: readonly [program: string, ...args: string[]];
  /** The project's folder; with _URL behind it, where its app answers on this machine. */
  readonly setting: string;
}

const peers: readonly Peer[] = [
  { name: 'Kamal', typed: ['kamal', 'deploy'], setting: 'MOLO_BENCH_KAMAL' },
  { name: 'Dokku', typed: ['git', 'push', 'dokku', 'main'], setting: 'MOLO_BENCH_DOKKU' },
];

/** A one-line change of MyApp, from what is typed to the first answer of the new version, beside each peer that is installed here. */
export async function measurePeers(stage: Stage, pairs: number): Promise<Figure[]> {
  const found = peers.filter(({ setting }) => given(setting));
  for (const { name, setting } of peers.filter((peer) => !found.includes(peer))) say(`${name} is not measured: ${setting} names no project. ${howToInstall}`);
  if (found.length === 0) return [];
  const copy = await stage.createApp(app);
  await copy.push();
  const figures: Figure[] = [];
  for (const peer of found) figures.push(await measureBeside(peer, copy, stage.target(app), pairs));
  return figures;
}

async function measureBeside(peer: Peer, copy: WorkingCopy, target: Target, pairs: number): Promise<Figure> {
  const { name, typed } = peer;
  const project = WorkingCopy.at(given(peer.setting) ?? '');
  const theirs = await servedBy(peer);
  say(`beside ${name}`);
  const traffics = [target, theirs].map((visited) => new Traffic(visited.name, visited.port));
  for (const traffic of traffics) traffic.start();
  // No line twice, not even in another run: what a peer has built once it need not build again.
  const molo = () => deliver(copy, target, randomUUID(), () => copy.push());
  const measured = await inTurn(pairs, molo, () => deliver(project, theirs, randomUUID(), () => type(peer, project)), say);
  await pause(500);
  await Promise.all(traffics.map((traffic) => traffic.stop()));
  const [failed = 0] = traffics.map(({ counts }) => counts.failed + counts.socketsDropped);
  const figure = ratioToFloor(`one-line change → first answer, beside ${name}`, 's', measured, {
    floorIs: `${name}: ${typed.join(' ')}`,
    goal: `no slower than ${name}, and 0 failed`,
    isMet: (ratio) => ratio <= 1 && failed === 0,
  });
  return { ...figure, notes: [...figure.notes, ...traffics.flatMap((traffic, index) => notesOf(index === 0 ? 'Molo' : name, traffic))] };
}

function notesOf(name: string, { counts, failures }: Traffic): string[] {
  return [`${name}: ${counts.requests} requests meanwhile, ${counts.failed} failed; ${counts.socketsDropped} sockets dropped, ${counts.socketsMoved} moved`, ...failures];
}

/** Where the peer's app answers, after it did once. */
async function servedBy({ name, setting, typed }: Peer): Promise<Target> {
  const url = given(`${setting}_URL`) ?? '';
  if (!URL.canParse(url)) throw new StepFailed(`${setting}_URL does not say where ${name}'s app answers`, { advice: `Set it to the app's address on this machine, such as http://myapp.localhost:8080. ${howToInstall}` });
  const { hostname, port } = new URL(url);
  const target = { host: '127.0.0.1', port: Number(port || 80), name: hostname };
  const facts = await ask(target).catch(() => null);
  if (!facts?.commit) throw new StepFailed(`${url} does not answer as MyApp with its commit`, { advice: `Deliver ${given(setting)} once with: ${typed.join(' ')}. ${howToInstall}` });
  return target;
}

async function type({ typed: [program, ...args] }: Peer, { folder }: WorkingCopy): Promise<void> {
  await run(program, args, { cwd: folder, env: childEnvironment(), maxBuffer: 16 * 1024 * 1024 }).catch((cause: unknown) => {
    throw new StepFailed(`${[program, ...args].join(' ')} failed in ${folder}`, { advice: 'Try it there by hand.', cause });
  });
}
