import { describe, expect, it, vi } from 'vitest';
import type { Notifications } from './notifications.js';
import { WakeUps } from './wake-ups.js';

/** Wake-ups whose channel the test speaks on. */
function wakeUps(): { wakeUps: WakeUps; say: (subject: string | null) => void } {
  const listeners: ((subject: string | null) => void)[] = [];
  const notifications = { listen: (_: string, listener: (typeof listeners)[number]) => listeners.push(listener) };
  return { wakeUps: new WakeUps(notifications as unknown as Notifications), say: (subject) => listeners.forEach((listener) => listener(subject)) };
}

describe('waiting for facts', () => {
  it('looks again for what is said while it looks, and for all that was lost with a connection', async () => {
    const { wakeUps: waiting, say } = wakeUps();
    let looks = 0;
    const begun = performance.now();
    const seen = await waiting.until('mine', { timeoutMs: 60_000 }, async () => {
      looks += 1;
      if (looks <= 10) say(looks % 2 === 0 ? 'mine' : null);
      return looks > 10 ? looks : undefined;
    });
    expect(seen).toBe(11);
    expect(performance.now() - begun).toBeLessThan(900);
  });

  it('ends at its limit, which a frozen process does not use up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const { wakeUps: waiting } = wakeUps();
      const begun = performance.now();
      const frozenMs = 90_000;
      let looks = 0;
      const waited = waiting.until('mine', { timeoutMs: 10_000 }, async () => {
        looks += 1;
        if (looks === 1) vi.advanceTimersByTime(frozenMs);
        return undefined;
      });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await waited).toBeUndefined();
      expect(looks).toBeGreaterThan(5);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(frozenMs);
    } finally {
      vi.useRealTimers();
    }
  });
});
