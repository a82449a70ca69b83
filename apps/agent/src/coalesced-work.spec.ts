import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CoalescedWork } from './coalesced-work.js';

it('runs again for every asking that came after a run began, and no more often', async () => {
  let runs = 0;
  let seen = 0;
  let newest = 0;
  const work = new CoalescedWork(async () => {
    runs += 1;
    seen = newest;
    await setImmediate();
  });
  for (newest = 1; newest <= 1000; newest++) {
    work.ask();
    work.ask();
    if (newest % 7 === 0) await Promise.resolve();
    if (newest % 50 === 0) await work.rest();
    if (newest === 1000) break;
  }
  await work.rest();
  expect(seen).toBe(1000);
  expect(runs).toBeLessThan(1000);
});

it('runs for an asking that comes in the very moment in which it comes to rest', async () => {
  let runs = 0;
  const work = new CoalescedWork(async () => {
    runs += 1;
  });
  for (let ticks = 0; ticks < 20; ticks++) {
    const before = runs;
    work.ask();
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    work.ask();
    await work.rest();
    expect(runs).toBeGreaterThan(before);
    const after = runs;
    work.ask();
    await work.rest();
    expect(runs).toBe(after + 1);
  }
});

it('takes no asking once it was ended', async () => {
  let runs = 0;
  const work = new CoalescedWork(async () => {
    runs += 1;
    work.ask();
    await setImmediate();
  });
  work.ask();
  await work.end();
  work.ask();
  expect(runs).toBe(1);
});
