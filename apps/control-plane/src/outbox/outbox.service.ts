import { Injectable } from '@nestjs/common';
import type { JobDefinition } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { Notifications } from '../database/notifications.js';

@Injectable()
export class OutboxService {
  constructor(private readonly notifications: Notifications) {}

  /** Writes down, in the transaction of the facts, that a job is to be queued. The relay queues it after the commit. */
  async add<Data extends z.ZodType>(manager: EntityManager, job: JobDefinition<Data>, data: z.input<Data>): Promise<void> {
    await manager.query('insert into outbox (job, data) values ($1, $2)', [job.name, JSON.stringify(job.data.parse(data))]);
    await this.notifications.notify(manager, 'outbox', '');
  }
}
