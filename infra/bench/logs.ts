import { setTimeout as pause } from 'node:timers/promises';
import { say } from '../terminal/progress.ts';
import { fetchText } from './app-clock.ts';
import { type Figure, seriesOf } from './figures.ts';
import { production, type Stage } from './stage.ts';

const app = 'bench-logs';
const mostLatencyMs = 100;
const linesPerSecond = 20_000;
const burstSeconds = 60;
const saysPerPair = 5;
const betweenSaysMs = 150;

/** A log line from the instance to whoever follows it: the API's stream, which the terminal and the browser both read. */
export async function measureLogs(stage: Stage, pairs: number): Promise<Figure[]> {
  const copy = await stage.createApp(app, 'chatter');
  await copy.push();
  return [await measureLatency(stage, pairs * saysPerPair), await measureBurst(stage)];
}

async function measureLatency(stage: Stage, says: number): Promise<Figure> {
  const stop = new AbortController();
  const latencies: number[] = [];
  const following = (async () => {
    for await (const { text } of follow(stage, stop.signal)) {
      const [, at] = /^said \d+ at (\d+)$/.exec(text) ?? [];
      if (at) latencies.push(Date.now() - Number(at));
      if (latencies.length === says) return;
    }
  })();
  await untilFollowed(stage, () => latencies.length > 0);
  latencies.length = 0;
  for (let index = 0; index < says; index += 1) {
    await fetchText(stage.target(app), `/say?text=${index}`);
    await pause(betweenSaysMs);
  }
  await following;
  stop.abort();
  const molo = seriesOf(latencies);
  return { name: 'log line at the instance → at who follows it', unit: 'ms', molo, floor: null, floorIs: '', goal: `median under ${mostLatencyMs} ms`, isMet: molo.median < mostLatencyMs, notes: [] };
}

async function measureBurst(stage: Stage): Promise<Figure> {
  say(`${linesPerSecond} lines/s for ${burstSeconds} s`);
  const total = linesPerSecond * burstSeconds;
  let [next, lost, doubled, isFollowed] = [0, 0, 0, false];
  let overAt = 0;
  const following = (async () => {
    for await (const { text } of follow(stage, AbortSignal.timeout((burstSeconds + 120) * 1000))) {
      isFollowed = true;
      const [, number, rest] = /^burst (\d+)?(.*)$/.exec(text) ?? [];
      if (number) {
        const seen = Number(number);
        if (seen > next) lost += seen - next;
        if (seen < next) doubled += 1;
        next = Math.max(next, seen + 1);
      } else if (rest?.startsWith('over')) {
        overAt = performance.now();
        return;
      }
    }
  })();
  await untilFollowed(stage, () => isFollowed);
  const startedAt = performance.now();
  await fetchText(stage.target(app), `/burst?rate=${linesPerSecond}&seconds=${burstSeconds}`);
  await following;
  lost += total - next;
  const tookSeconds = (overAt - startedAt) / 1000;
  return {
    name: `log lines followed of ${linesPerSecond}/s for ${burstSeconds} s`,
    unit: 'lines',
    molo: seriesOf([total - lost]),
    floor: seriesOf([total]),
    floorIs: 'lines written',
    goal: 'none lost',
    isMet: lost === 0 && doubled === 0,
    notes: [`${lost} lost, ${doubled} doubled; the last came ${(tookSeconds - burstSeconds).toFixed(1)} s after it was due`],
  };
}

function follow(stage: Stage, signal: AbortSignal) {
  return stage.molo.readLogs({ params: { app, ...production }, query: { lines: 0, follow: true } }, { signal });
}

/** Says things until one of them is heard. */
async function untilFollowed(stage: Stage, isFollowed: () => boolean): Promise<void> {
  while (!isFollowed()) {
    await fetchText(stage.target(app), '/say?text=0');
    await pause(100);
  }
}
