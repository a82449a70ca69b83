import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PortWatch, type PortSight } from './port-watch.js';

let sight: PortSight;
let said: string[];
let watch: PortWatch;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  sight = { listeners: [], cpuSeconds: 0 };
  said = [];
  watch = new PortWatch(
    async () => sight,
    (listeners) => (listeners.length === 0 || listeners.some(({ port }) => port === 3000) ? null : `listens on ${listeners.map(({ port }) => port).join()}`),
    (detail) => said.push(detail),
    () => undefined,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

const listening = (...ports: number[]) => ports.map((port) => ({ port, loopback: false }));

/** One look each second, in which the process uses that much of a core. */
async function looks(seconds: number, cores = 0): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await watch.look();
    vi.advanceTimersByTime(1000);
    sight = { ...sight, cpuSeconds: (sight.cpuSeconds ?? 0) + cores };
  }
}

it('says once where a process listens instead, when it has done so for three seconds', async () => {
  sight = { ...sight, listeners: listening(8080) };
  await looks(3);
  expect(said).toEqual([]);
  await looks(10);
  expect(said).toEqual(['listens on 8080']);
  sight = { ...sight, listeners: listening(8081) };
  await looks(5);
  expect(said).toEqual(['listens on 8080', 'listens on 8081']);
});

it('says nothing of an app that opens its metrics a moment before its own port', async () => {
  sight = { ...sight, listeners: listening(9394) };
  await looks(2);
  sight = { ...sight, listeners: listening(9394, 3000) };
  await looks(5);
  expect([said, watch.elsewhereSince]).toEqual([[], null]);
});

it('takes an app for starting while it works, and counts its rest from its last work on', async () => {
  sight = { ...sight, listeners: listening(9394) };
  const begin = performance.timeOrigin + performance.now();
  await looks(20, 0.9);
  expect(watch.elsewhereSince).toBe(begin + 19_000);
  await looks(6, 0.01);
  expect(watch.elsewhereSince).toBe(begin + 20_000);
});

it('takes an app whose work cannot be seen for starting', async () => {
  sight = { listeners: listening(9394), cpuSeconds: null };
  const begin = performance.timeOrigin + performance.now();
  for (let second = 0; second < 15; second++) {
    await watch.look();
    vi.advanceTimersByTime(1000);
  }
  expect(watch.elsewhereSince).toBe(begin + 14_000);
});
