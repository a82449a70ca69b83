import { describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { PacedWork } from './paced-work.js';

describe('paced work', () => {
  it('runs one at a time, and once more for whoever asks while it runs', async () => {
    const gates: (() => void)[] = [];
    const work = new PacedWork(() => new Promise((resolve) => gates.push(resolve)), { everyMs: 1 });
    for (let asked = 0; asked < 10; asked++) work.ask();
    await waitFor(() => gates.length === 1, { what: 'the first run' });
    work.ask();
    work.ask();
    gates[0]!();
    await waitFor(() => gates.length === 2, { what: 'the second run' });
    gates[1]!();
    await work.rest();
    expect(gates).toHaveLength(2);
  });

  it('does by one run what is asked for in one interval, where it is asked for all the time', async () => {
    let runs = 0;
    const work = new PacedWork(async () => void runs++, { everyMs: 50 });
    const begunAt = performance.now();
    for (let asked = 0; performance.now() - begunAt < 500; asked++) {
      work.ask();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await work.rest();
    const intervals = (performance.now() - begunAt) / 50;
    expect(runs).toBeGreaterThan(5);
    expect(runs).toBeLessThanOrEqual(intervals + 6);
  });
});
