'use client';

import { useSyncExternalStore } from 'react';

/** One timer for all that shows the time, and none where nothing does. */
function makeClock(periodMs: number) {
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let nowMs = 0;
  const tick = () => {
    nowMs = Date.now();
    for (const listener of listeners) listener();
  };
  return {
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      timer ??= setInterval(tick, periodMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
        nowMs = 0;
      };
    },
    read: (): number => {
      if (nowMs === 0) nowMs = Date.now();
      return nowMs;
    },
  };
}

const slow = makeClock(5_000);
const fast = makeClock(100);
const never = () => () => undefined;
const zero = () => 0;

/** The time in milliseconds, renewed every five seconds. */
export function useNow(): number {
  return useSyncExternalStore(slow.subscribe, slow.read, zero);
}

/** The time, renewed ten times a second while something runs; stands still otherwise. */
export function useRunningNow(running: boolean): number {
  return useSyncExternalStore(running ? fast.subscribe : never, running ? fast.read : zero, zero);
}
