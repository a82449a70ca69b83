import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@molo/contracts';

const attempts = 6;
const firstPauseMs = 200;

/** Tries again, for about twelve seconds in all, what failed because another part of Molo did not answer. */
export async function whileUnavailable<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      const mayPass = error instanceof AppError && (error.code === 'unavailable' || error.code === 'image_push_failed');
      if (!mayPass || attempt === attempts) throw error;
      await pause(firstPauseMs * 2 ** attempt, undefined, { signal });
    }
  }
}
