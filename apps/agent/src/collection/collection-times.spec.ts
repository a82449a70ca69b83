import { describe, expect, it } from 'vitest';
import { CollectionTimes } from './collection-times.js';

const minute = 60_000;

/** The minutes at which it is due, of those in which it is looked at. */
function dueAt(minutes: readonly number[], isFullAt: (minute: number) => boolean): number[] {
  const times = new CollectionTimes(0);
  return minutes.filter((at) => times.isDue(isFullAt(at), at * minute));
}

const everyMinuteOf = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a disk is collected', () => {
  it('soon after the start of the node, and each hour from then on', () => {
    expect(dueAt(everyMinuteOf(130), () => false)).toEqual([3, 63, 123]);
  });

  it('at once where it is full, and every ten minutes while it stays so', () => {
    expect(dueAt(everyMinuteOf(40), (at) => at >= 15 && at <= 36)).toEqual([3, 15, 25, 35]);
  });

  it('at once where it is full again after it had room', () => {
    expect(dueAt(everyMinuteOf(12), (at) => at === 1 || at >= 5)).toEqual([1, 5]);
  });
});
