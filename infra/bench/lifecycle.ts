import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { MoloClient } from '@molo/client';
import { checkout, childEnvironment, nodeProgram } from '../config.ts';
import { say } from '../terminal/progress.ts';
import { output } from '../terminal/run.ts';
import { type Figure, seriesOf } from './figures.ts';
import { probeLists } from './list-probe.ts';
import { cpuSeconds, cpuSecondsOf, cpuSecondsWithChildren, machineCpuSeconds, residentMegabytes } from './process-use.ts';
import type { Stage } from './stage.ts';
import { deploySteadily } from './steady-load.ts';

const fleet = { apps: 10_000, nodes: 500, ingresses: 4 };
const goalPerSecond = 50;
/** A little above the goal: what keeps up with this does that much. */
const drivenPerSecond = 52;
const warmUpSeconds = 10;
const seconds = 60;
const mostListMs = 50;
const mostMegabytes = 400;
const sampleEveryMs = 500;
const longestJoinMs = 60_000;
/** Nodes have processors of their own: what simulates them here takes what the platform leaves. */
const afterThePlatform = 10;
const program = (path: string) => join(checkout, 'apps', path);

/** The control plane alone at size: real PostgreSQL and Redis, simulated nodes that speak the agents' protocol, no containers. */
export async function measureLifecycle(stage: Stage): Promise<Figure[]> {
  const { settings, molo } = stage;
  say(`${fleet.apps} apps on ${fleet.nodes} simulated nodes, ${fleet.ingresses} of them ingresses`);
  const nodes = await output(nodeProgram, [program('control-plane/dist/fleet/fleet-seed.js'), ...Object.values(fleet).map(String)], settings);
  const agents = spawn(nodeProgram, [program('agent/dist/fleet/fleet-bench.js'), stage.api], { env: childEnvironment(), stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    setPriority(agents.pid ?? 0, afterThePlatform);
    agents.stdin?.end(nodes);
    await untilOnline(molo);
    const apps = Array.from({ length: fleet.apps }, (_, index) => `fleet-${String(index + 1).padStart(5, '0')}`);
    say(`${warmUpSeconds} s that do not count, then ${seconds} s at ${drivenPerSecond} deployments/s`);
    await deploySteadily(molo, apps.splice(0, warmUpSeconds * drivenPerSecond), { perSecond: drivenPerSecond, seconds: warmUpSeconds });
    return await measure(stage, apps, agents.pid ?? 0);
  } finally {
    agents.kill();
  }
}

async function untilOnline(molo: MoloClient): Promise<void> {
  for (const deadline = performance.now() + longestJoinMs; ; await pause(sampleEveryMs)) {
    if ((await countOnline(molo)) === fleet.nodes) return;
    if (performance.now() > deadline) throw new Error(`the simulated nodes are not all online after ${longestJoinMs / 1000} s`);
  }
}

async function countOnline(molo: MoloClient): Promise<number> {
  let count = 0;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await molo.listNodes({ query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) } });
    count += page.items.filter(({ online, roles }) => online && roles.length > 0).length;
    cursor = page.nextCursor;
  }
  return count;
}

async function measure({ molo, api, token }: Stage, apps: readonly string[], agents: number): Promise<Figure[]> {
  const stop = new AbortController();
  const before = await used(agents);
  const probing = probeLists({ baseUrl: api, token, apps }, stop.signal);
  const sampling = sampleMemory(stop.signal);
  const deployed = await deploySteadily(molo, apps, { perSecond: drivenPerSecond, seconds });
  stop.abort();
  const [lists, megabytes] = await Promise.all([probing, sampling]);
  const after = await used(agents);
  const count = deployed.seconds.length;
  const perSecond = (count - 1) / deployed.spanSeconds;
  const each = seriesOf(deployed.seconds);
  const worst = Object.values(lists).map(seriesOf).toSorted((a, b) => b.p99 - a.p99)[0]!;
  const common = { floor: null, floorIs: '' };
  return [
    {
      ...common,
      name: 'deployments through the state machine',
      unit: '/s',
      molo: seriesOf([perSecond]),
      goal: `at least ${goalPerSecond} /s for ${seconds} s`,
      isMet: perSecond >= goalPerSecond && deployed.failures.length === 0,
      notes: [
        `${count} config changes of ${fleet.apps} apps on ${fleet.nodes} nodes (${fleet.ingresses} ingresses), ${deployed.failures.length} failed`,
        `each took ${each.median.toFixed(3)} s in the median, ${each.p99.toFixed(3)} s in 99 of 100, at most ${each.max.toFixed(3)} s`,
        'no image is stored or named: what runs has none, and the registry takes no part',
        `CPU for each: ${Object.entries(after).map(([what, seconds]) => `${what} ${(((seconds - (before[what] ?? 0)) / count) * 1000).toFixed(1)} ms`).join(', ')}`,
      ],
    },
    { ...common, name: 'API lists meanwhile: the slowest one’s p99', unit: 'ms', molo: worst, goal: `p99 under ${mostListMs} ms`, isMet: worst.p99 < mostListMs, notes: [...Object.entries(lists).map(([name, taken]) => listNote(name, taken)), 'asked for by a process that goes before all others, and the nodes simulated by one that goes after them: neither would be at this machine'] },
    { ...common, name: 'control plane meanwhile: resident memory, at most', unit: 'MB', molo: seriesOf([Math.max(...megabytes)]), goal: `under ${mostMegabytes} MB`, isMet: Math.max(...megabytes) < mostMegabytes, notes: [] },
  ];
}

/** CPU seconds until now, of all that share the machine with each other. */
async function used(agents: number): Promise<Record<string, number>> {
  const { user, system } = process.cpuUsage();
  return {
    'control plane': await cpuSeconds('control-plane'),
    PostgreSQL: await cpuSecondsWithChildren('postgres'),
    Redis: await cpuSeconds('redis'),
    registry: await cpuSeconds('registry'),
    'simulated nodes': cpuSecondsOf(agents),
    'this measurement': (user + system) / 1e6,
    'all of the machine': machineCpuSeconds(),
  };
}

async function sampleMemory(signal: AbortSignal): Promise<number[]> {
  const megabytes: number[] = [];
  while (!signal.aborted) {
    megabytes.push(await residentMegabytes('control-plane'));
    await pause(sampleEveryMs);
  }
  return megabytes;
}

function listNote(name: string, taken: readonly number[]): string {
  const { median, p99, count } = seriesOf(taken);
  return `${name}: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, n ${count}`;
}
