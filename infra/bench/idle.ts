import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { say } from '../terminal/progress.ts';
import { serviceState } from '../services/supervisor.ts';
import { type Figure, seriesOf } from './figures.ts';
import type { Stage } from './stage.ts';

const apps = 50;
const settleMs = 30_000;
const watchMs = 60_000;
const mostCpuPercent = 1;
const budgets = [
  { service: 'control-plane', mostMegabytes: 250 },
  { service: 'agent', mostMegabytes: 120 },
];
/** Ticks of /proc/PID/stat in a second (sysconf(_SC_CLK_TCK), 100 on Linux). */
const ticksPerSecond = 100;

/** What the platform's programs take while nobody asks for anything. */
export async function measureIdle(stage: Stage): Promise<Figure[]> {
  for (let index = 1; index <= apps; index += 1) {
    await (await stage.createApp(`bench-idle-${index}`, 'static-site')).push();
    if (index % 10 === 0) say(`${index} apps run`);
  }
  await pause(settleMs);
  const before = await Promise.all(budgets.map(({ service }) => cpuSeconds(service)));
  await pause(watchMs);
  const figures = await Promise.all(
    budgets.map(async ({ service, mostMegabytes }, index): Promise<Figure[]> => {
      const percent = (((await cpuSeconds(service)) - (before[index] ?? 0)) / (watchMs / 1000)) * 100;
      const megabytes = await residentMegabytes(service);
      const common = { floor: null, floorIs: '', notes: [`with ${apps} apps, over ${watchMs / 1000} s`] };
      return [
        { ...common, name: `${service} idle: resident memory`, unit: 'MB', molo: seriesOf([megabytes]), goal: `at most ${mostMegabytes} MB`, isMet: megabytes <= mostMegabytes },
        { ...common, name: `${service} idle: of one core`, unit: '%', molo: seriesOf([percent]), goal: `under ${mostCpuPercent} %`, isMet: percent < mostCpuPercent },
      ];
    }),
  );
  return figures.flat();
}

async function processFile(service: string, file: string): Promise<string> {
  const { pid } = await serviceState(service);
  return readFileSync(join('/proc', String(pid), file), 'utf8');
}

async function cpuSeconds(service: string): Promise<number> {
  const fields = (await processFile(service, 'stat')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function residentMegabytes(service: string): Promise<number> {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(await processFile(service, 'status')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
