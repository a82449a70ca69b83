import { tmpdir } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { isDiskFull, whenSo } from './disk-watch.js';

describe('the disk that builds write to', () => {
  it('is full when less is free than builds have to leave', async () => {
    const disk = (free: number) => ({ statfs: async () => ({ blocks: 1000, bsize: 1e6, bavail: free }) });
    for (const [free, full] of [[51, false], [49, true]] as const) {
      vi.resetModules();
      vi.doMock('node:fs/promises', () => disk(free));
      expect(await (await import('./disk-watch.js')).isDiskFull('/')).toBe(full);
    }
    vi.doUnmock('node:fs/promises');
  });

  it('is not called full where it cannot be seen', async () => {
    expect(await isDiskFull(`${tmpdir()}/no-such-folder`)).toBe(false);
  });

  it('is looked at until it is full, and told of once', async () => {
    vi.useFakeTimers();
    try {
      let looks = 0;
      const tell = vi.fn();
      const stop = whenSo(async () => ++looks === 3, tell);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(tell).toHaveBeenCalledTimes(1);
      expect(looks).toBe(3);
      stop();
    } finally {
      vi.useRealTimers();
    }
  });

  it('is left alone once the build has ended', async () => {
    vi.useFakeTimers();
    try {
      let looks = 0;
      const tell = vi.fn();
      whenSo(async () => ++looks > 1, tell)();
      await vi.advanceTimersByTimeAsync(10_000);
      expect({ looks, told: tell.mock.calls.length }).toEqual({ looks: 1, told: 0 });
    } finally {
      vi.useRealTimers();
    }
  });
});
