import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../database/notifications.js';

/** Tells whoever keeps a caller in memory, here and in other control planes, that somebody may now do less, or more. */
@Injectable()
export class Revocations {
  constructor(private readonly notifications: Notifications) {}

  /** @returns a function that ends the listening */
  listen(listener: () => void): () => void {
    return this.notifications.listen('access', listener);
  }

  /** Heard when the manager's transaction has committed: in this process before anybody is told that it has. */
  async announce(manager: EntityManager): Promise<void> {
    await this.notifications.notify(manager, 'access', '');
  }
}
