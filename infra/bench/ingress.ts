import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { checkout, nodeProgram } from '../config.ts';
import { answers } from '../setup/settings.ts';
import { say, StepFailed } from '../terminal/progress.ts';
import { atOnce, type Figure, inTurn, ratioToFloor, seriesOf } from './figures.ts';
import { freePort } from './free-port.ts';
import { cpuSecondsOfStarted } from './process-use.ts';
import { instanceAddress, type Stage } from './stage.ts';

const run = promisify(execFile);
const app = 'bench-ingress';
const connections = 64;
/** Windows are short and many: what else the machine does falls on both alike. */
const windowsPerPair = 5;
const secondsOfLoad = 1;
/** Between an answer and the next request of its connection: some 2,000 requests/s, which is far from what either can. */
const calmPace = 'function delay() return 20 + math.random(0, 20) end\n';
const switches = 200;
const manyRoutes = 1000;
const mostSwitchMs = 10;

interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** Something that listens, and the process that started its HAProxy or is it. */
interface Loaded {
  readonly port: number;
  readonly pid: number;
}

/** The ingress as the agent drives it beside a bare HAProxy, both before the same container; and how long its switch takes. */
export async function measureIngress(stage: Stage, pairs: number): Promise<Figure[]> {
  const copy = await stage.createApp(app, 'static-site');
  await copy.push();
  const upstream = await instanceAddress(app);
  await using bare = await BareHaproxy.start(stage.folder, upstream);
  const figures: Figure[] = [];
  for (const routes of [1, manyRoutes]) {
    await using ingress = await Rig.start(routes, upstream);
    figures.push(...(await compare(stage, routes, ingress, bare, pairs)));
    if (routes === manyRoutes) figures.push(await measureSwitches(ingress));
  }
  return figures;
}

/**
 * Requests/s in turn, each as busy as it can be. The slowest answers with both at once, at a pace that keeps neither busy: nothing
 * waits in a queue of the load's own making, and what else slows the machine down slows both.
 */
async function compare(stage: Stage, routes: number, ingress: Loaded, bare: Loaded, pairs: number): Promise<Figure[]> {
  const name = `with ${routes} ${routes === 1 ? 'app' : 'apps'} routed`;
  const paceFile = join(stage.folder, 'calm-pace.lua');
  writeFileSync(paceFile, calmPace);
  const windows = pairs * windowsPerPair;
  say(`requests/s ${name}`);
  const [ownCpu, bareCpu]: [number[], number[]] = [[], []];
  const perSecond = await inTurn(windows, () => perSecondOf(ingress, ownCpu), () => perSecondOf(bare, bareCpu), say);
  say(`p99 in ms ${name}`);
  const p99Ms = await atOnce(windows, async () => (await load(ingress.port, paceFile)).p99Ms, async () => (await load(bare.port, paceFile)).p99Ms, say);
  const floorIs = 'a bare HAProxy before the same container';
  // What else the machine does takes requests away, and hardly any CPU from HAProxy.
  const notes = [`HAProxy itself took ${seriesOf(ownCpu).median.toFixed(1)} µs of CPU for each request, the bare one ${seriesOf(bareCpu).median.toFixed(1)}`];
  return [
    ratioToFloor(`ingress: requests/s ${name}`, '/s', perSecond, { floorIs, goal: 'at least 0.95 of it', isMet: (ratio) => ratio >= 0.95, notes }),
    ratioToFloor(`ingress: p99 ${name}`, 'ms', p99Ms, { floorIs: `${floorIs}, both at once at about 2,000 requests/s`, goal: 'at most 1.05 of it', isMet: (ratio) => ratio <= 1.05 }),
  ];
}

/** Notes besides what the HAProxy that is loaded takes for each request, in µs of CPU. */
async function perSecondOf({ port, pid }: Loaded, cpuMicroseconds: number[]): Promise<number> {
  const before = cpuSecondsOfStarted(pid, 'haproxy');
  const { requests, perSecond } = await load(port);
  cpuMicroseconds.push(((cpuSecondsOfStarted(pid, 'haproxy') - before) / requests) * 1e6);
  return perSecond;
}

async function measureSwitches(rig: Rig): Promise<Figure> {
  const { tookMs, isSameRun } = await rig.switch(switches);
  const molo = seriesOf(tookMs);
  return {
    name: `ingress: switch of a backend among ${manyRoutes} routes`,
    unit: 'ms',
    molo,
    floor: null,
    floorIs: '',
    goal: `under ${mostSwitchMs} ms, no reload`,
    isMet: molo.median < mostSwitchMs && isSameRun,
    notes: [isSameRun ? 'HAProxy was not reloaded' : 'HAProxy was reloaded'],
  };
}

/** @param paceFile how long a connection waits before it asks again; without, it asks as soon as it has its answer */
async function load(port: number, paceFile?: string): Promise<Load> {
  const pace = paceFile === undefined ? [] : ['--script', paceFile];
  const { stdout } = await run('wrk', ['--threads', '1', '--connections', String(connections), '--duration', `${secondsOfLoad}s`, '--latency', '--header', 'Host: app0.localhost', ...pace, `http://127.0.0.1:${port}/`]);
  const [, perSecond = ''] = /Requests\/sec:\s+([\d.]+)/.exec(stdout) ?? [];
  const [, requests = ''] = /(\d+) requests in/.exec(stdout) ?? [];
  const [, p99 = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  if (/Non-2xx|Socket errors/.test(stdout) || perSecond === '') throw new StepFailed(`requests failed under load:\n${stdout}`, { advice: 'Run it again on a machine that is at rest.' });
  return { requests: Number(requests), perSecond: Number(perSecond), p99Ms: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? 1) };
}

/** The ingress of the agent in a home of its own. */
class Rig implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly port: number;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  static async start(routes: number, upstream: string): Promise<Rig> {
    const child = spawn(nodeProgram, [join(checkout, 'apps/agent/dist/ingress/ingress-bench.js'), String(routes), upstream], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { port } = await answer<{ port: number }>(lines);
    return new Rig(child, lines, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async switch(times: number): Promise<{ tookMs: number[]; isSameRun: boolean }> {
    this.#child.stdin?.write(`switch ${times}\n`);
    return answer(this.#lines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}

async function answer<T>(lines: AsyncIterator<string>): Promise<T> {
  const next = await lines.next();
  if (next.done) throw new Error('the ingress ended before it answered');
  return JSON.parse(next.value) as T;
}

class BareHaproxy implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(folder: string, upstream: string): Promise<BareHaproxy> {
    const port = await freePort();
    const file = join(folder, 'bare-haproxy.cfg');
    const lines = ['global', '  maxconn 4000', 'defaults', '  mode http', '  timeout connect 5s', '  timeout client 60s', '  timeout server 60s', 'frontend http', `  bind *:${port}`, '  default_backend app', 'backend app', `  server app ${upstream}`];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const child = spawn('haproxy', ['-W', '-db', '-f', file], { stdio: 'ignore' });
    await once(child, 'spawn');
    const deadline = Date.now() + 10_000;
    while (!(await answers(port))) if (Date.now() > deadline) throw new StepFailed('the bare HAProxy does not listen', { advice: `Try it: haproxy -c -f ${file}` });
    return new BareHaproxy(child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
