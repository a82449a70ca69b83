import { describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { Batches } from './batches.js';

/** Batches that end when the test lets them. */
function held(fails: (items: readonly string[]) => boolean = () => false) {
  const taken: (readonly string[])[] = [];
  const ends: (() => void)[] = [];
  const batches = new Batches<string>(async (items) => {
    taken.push(items);
    if (fails(items)) throw new Error(`unfit: ${items.join()}`);
    await new Promise<void>((resolve) => ends.push(resolve));
  }, { everyMs: 1 });
  return { batches, taken, ends };
}

describe('what comes at once', () => {
  it('is done together, but for two of one subject, and what comes meanwhile is done together afterwards', async () => {
    const { batches, taken, ends } = held();
    const first = [batches.add('a', 'a1'), batches.add('a', 'a2'), batches.add('b', 'b1'), batches.add(null, 'c1'), batches.add(null, 'c2')];
    await waitFor(() => ends.length === 1, { what: 'the first batch' });
    expect(taken).toEqual([['a1', 'b1', 'c1', 'c2']]);
    const later = [batches.add('a', 'a3'), batches.add('b', 'b2')];
    ends[0]!();
    await Promise.all([first[0], first[2], first[3], first[4]]);
    await waitFor(() => ends.length === 2, { what: 'the second batch' });
    expect(taken[1]).toEqual(['a2', 'b2']);
    ends[1]!();
    await Promise.all([first[1], later[1]]);
    await waitFor(() => ends.length === 3, { what: 'the third batch' });
    expect(taken[2]).toEqual(['a3']);
    ends[2]!();
    await later[0];
  });

  it('gets its answers in its order', async () => {
    const batches = new Batches<number, number>(async (items) => items.map((item) => item * 2), { everyMs: 1 });
    expect(await Promise.all([1, 2, 3].map((item) => batches.add(null, item)))).toEqual([2, 4, 6]);
  });

  it('fails for nobody but who makes it fail', async () => {
    const { batches, taken, ends } = held((items) => items.includes('bad'));
    const [good, bad] = [batches.add('good', 'good'), batches.add('bad', 'bad')];
    const refused = expect(bad).rejects.toThrow('unfit: bad');
    await waitFor(() => ends.length === 1, { what: 'the good one by itself' });
    ends[0]!();
    await good;
    await refused;
    expect(taken).toEqual([['good', 'bad'], ['good'], ['bad']]);
  });

  it('does not wait for what takes long', async () => {
    const { batches, ends } = held();
    const slow = batches.add('slow', 'slow');
    await waitFor(() => ends.length === 1, { what: 'the slow one' });
    const next = batches.add('next', 'next');
    await waitFor(() => ends.length === 2, { what: 'the next one' });
    ends[1]!();
    await next;
    ends[0]!();
    await slow;
  });

  it('is done at once where it comes seldom', async () => {
    const batches = new Batches<number>(async () => undefined, { everyMs: 3_600_000, burst: 2 });
    await batches.add(null, 1);
    await batches.add(null, 2);
  });

  it('is done in fewer batches where it comes all the time', async () => {
    let batchCount = 0;
    const batches = new Batches<number>(async () => void batchCount++, { everyMs: 50, burst: 2 });
    const begunAt = performance.now();
    while (performance.now() - begunAt < 400) await Promise.all([batches.add(null, 1), new Promise((resolve) => setImmediate(resolve))]);
    expect(batchCount).toBeGreaterThan(3);
    expect(batchCount).toBeLessThanOrEqual((performance.now() - begunAt) / 50 + 3);
  });
});
