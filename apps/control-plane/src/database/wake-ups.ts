import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Notifications } from './notifications.js';

/** A lost notification costs at most this long. */
const recheckMs = 1000;

/** Lets a step wait for facts: it looks, and looks again whenever somebody says that they may have changed. */
@Injectable()
export class WakeUps {
  readonly #sleepers = new Map<string, Set<() => void>>();

  constructor(private readonly notifications: Notifications) {
    this.notifications.listen('wake', (subject) => this.#wake(subject));
  }

  /** Wakes all who wait for `subject`, once the manager's transaction has committed. */
  async wake(manager: EntityManager, subject: string): Promise<void> {
    await this.notifications.notify(manager, 'wake', subject);
  }

  /**
   * Calls `look` until it returns something other than undefined.
   * @returns what it returned, or undefined when `timeoutMs` passed
   */
  async until<T>(subject: string, timeoutMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = performance.now() + timeoutMs;
    let woken = false;
    let rouse = () => {
      woken = true;
    };
    const sleeper = () => rouse();
    const sleepers = this.#sleepers.get(subject) ?? new Set();
    this.#sleepers.set(subject, sleepers.add(sleeper));
    try {
      for (;;) {
        woken = false;
        const seen = await look();
        if (seen !== undefined) return seen;
        const left = deadline - performance.now();
        if (left <= 0) return undefined;
        if (!woken) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.min(left, recheckMs));
            rouse = () => {
              clearTimeout(timer);
              woken = true;
              resolve();
            };
          });
          rouse = () => {
            woken = true;
          };
        }
      }
    } finally {
      sleepers.delete(sleeper);
      if (sleepers.size === 0 && this.#sleepers.get(subject) === sleepers) this.#sleepers.delete(subject);
    }
  }

  #wake(subject: string | null): void {
    const woken = subject === null ? [...this.#sleepers.values()] : [this.#sleepers.get(subject) ?? new Set<() => void>()];
    for (const sleepers of woken) for (const rouse of sleepers) rouse();
  }
}
