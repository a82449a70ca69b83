import { setTimeout as pause } from 'node:timers/promises';
import { say } from '../terminal/progress.ts';
import { type Figure, seriesOf } from './figures.ts';
import { cpuSeconds, residentMegabytes } from './process-use.ts';
import type { Stage } from './stage.ts';

const apps = 50;
const settleMs = 30_000;
const watchMs = 60_000;
const mostCpuPercent = 1;
const budgets = [
  { service: 'control-plane', mostMegabytes: 250 },
  { service: 'agent', mostMegabytes: 120 },
];

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
