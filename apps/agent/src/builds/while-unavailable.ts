import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@molo/contracts';

const patienceMs = 60_000;
const firstPauseMs = 200;
const longestPauseMs = 2000;

/** Tries again, for a minute after the first failure, what failed because another part of Molo did not answer. */
export async function whileUnavailable<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUpAt: number | undefined;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await step();
    } catch (error) {
      giveUpAt ??= performance.now() + patienceMs;
      const mayPass = error instanceof AppError && (error.code === 'unavailable' || error.code === 'image_push_failed');
      if (!mayPass || performance.now() + pauseMs > giveUpAt) throw error;
      await pause(pauseMs, undefined, { signal });
    }
  }
}
