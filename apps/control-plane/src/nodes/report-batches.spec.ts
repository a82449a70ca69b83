import { describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { ReportBatches } from './report-batches.js';

/** Batches that end when the test lets them. */
function held(fails: (items: readonly string[]) => boolean = () => false) {
  const taken: (readonly string[])[] = [];
  const ends: (() => void)[] = [];
  const batches = new ReportBatches<string>(async (items) => {
    taken.push(items);
    if (fails(items)) throw new Error(`unfit: ${items.join()}`);
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  return { batches, taken, ends };
}

describe('reports that come at once', () => {
  it('are taken one at once, then together those that came meanwhile, but for two of one node', async () => {
    const { batches, taken, ends } = held();
    const added = [batches.add('a', 'a1'), batches.add('a', 'a2'), batches.add('b', 'b1'), batches.add('a', 'a3')];
    expect(taken).toEqual([['a1']]);
    ends[0]!();
    await added[0];
    await waitFor(() => taken.length === 2, { what: 'the second batch' });
    expect(taken[1]).toEqual(['a2', 'b1']);
    ends[1]!();
    await Promise.all([added[1], added[2]]);
    await waitFor(() => taken.length === 3, { what: 'the third batch' });
    ends[2]!();
    await added[3];
    expect(taken).toEqual([['a1'], ['a2', 'b1'], ['a3']]);
  });

  it('fail for nobody but who makes them fail', async () => {
    const { batches, taken, ends } = held((items) => items.includes('bad'));
    const first = batches.add('first', 'first');
    const [good, bad] = [batches.add('good', 'good'), batches.add('bad', 'bad')];
    const refused = expect(bad).rejects.toThrow('unfit: bad');
    ends[0]!();
    await first;
    await waitFor(() => ends.length === 2, { what: 'the good one by itself' });
    ends[1]!();
    await good;
    await refused;
    expect(taken).toEqual([['first'], ['good', 'bad'], ['good'], ['bad']]);
  });

  it('do not wait for one that takes long', async () => {
    const { batches, taken, ends } = held();
    const slow = batches.add('slow', 'slow');
    const next = batches.add('next', 'next');
    await waitFor(() => taken.length === 2, { what: 'the next one' });
    ends[1]!();
    await next;
    ends[0]!();
    await slow;
  });
});
