import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Notifications } from './notifications.js';
import { Sleepers } from './sleepers.js';

const recheckMs = 1000;
/** One look and one sleep take no longer, unless this process was frozen: for that time nobody could tell it anything. */
const longestRoundMs = 5000;

export interface Patience {
  readonly timeoutMs: number;
  /** This process has just committed what others are to act on, so that a first look would find nothing. */
  readonly hasJustBegun?: boolean;
}

/** Lets a step wait for facts: it looks, and looks again whenever somebody says that they may have changed. */
@Injectable()
export class WakeUps {
  readonly #sleepers: Sleepers;

  constructor(private readonly notifications: Notifications) {
    this.#sleepers = new Sleepers(notifications, 'wake');
  }

  /** Wakes all who wait for `subject`, once the manager's transaction has committed. */
  async wake(manager: EntityManager, subject: string): Promise<void> {
    await this.notifications.notify(manager, 'wake', subject);
  }

  /**
   * Calls `look` until it returns something other than undefined.
   * @returns what it returned, or undefined when `timeoutMs` passed, not counting time in which the process was frozen
   */
  async until<T>(subject: string, { timeoutMs, hasJustBegun = false }: Patience, look: () => Promise<T | undefined>): Promise<T | undefined> {
    using sleeper = this.#sleepers.add(subject);
    for (let leftMs = timeoutMs, looks = !hasJustBegun; ; looks = true) {
      const begun = performance.now();
      const seen = looks ? await look() : undefined;
      if (seen !== undefined) return seen;
      if (leftMs <= 0) return undefined;
      await sleeper.sleep(Math.min(leftMs, recheckMs));
      leftMs -= Math.min(performance.now() - begun, longestRoundMs);
    }
  }
}
