import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { waitFor } from '@molo/testkit';
import { describe, expect, it } from 'vitest';
import { IdleHeap } from './idle-heap.js';

const megabyte = 1024 ** 2;

/** As the agent is run with. */
function exposed(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NodeJS.GCFunction;
}

function grow(): object[] {
  return Array.from({ length: 400_000 }, (_, index) => ({ index, text: `entry ${index}` }));
}

/** Each look is one poll's time after the one before, in which this process has next to nothing to do. */
const looks = (heap: IdleHeap, isEnough: () => boolean) =>
  waitFor(
    () => {
      heap.look();
      return isEnough();
    },
    { timeoutMs: 20_000, what: 'enough looks' },
  );

describe('the heap of an agent at rest', () => {
  it('is given back once it has grown, and not looked through again before it has grown again', async () => {
    const gc = exposed();
    const kept: object[][] = [];
    let collected = 0;
    const heap = new IdleHeap(() => {
      collected += 1;
      gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    });
    grow();
    const grown = process.memoryUsage().heapTotal;
    await looks(heap, () => collected > 0);
    expect(process.memoryUsage().heapTotal).toBeLessThan(grown - 10 * megabyte);
    let more = 0;
    await looks(heap, () => (more += 1) > 5);
    expect(collected).toBe(1);
    kept.push(grow());
    await looks(heap, () => collected > 1);
  });

  it('is left alone while the agent works', () => {
    let collected = 0;
    const heap = new IdleHeap(() => (collected += 1));
    heap.look();
    collected = 0;
    const begun = performance.now();
    while (performance.now() - begun < 50);
    grow();
    heap.look();
    expect(collected).toBe(0);
  });
});
