import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { jobs, type JobDefinition } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { DataSource, type EntityManager } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { PacedWork } from '../database/paced-work.js';
import { Log } from '../log.js';

const batchSize = 200;
/** Where there is something all the time, what comes in this time goes together. */
const relayEveryMs = 20;
/** Finds what a lost notification or a Redis that was away left behind. */
const sweepMs = 5000;

const jobsByName = new Map<string, JobDefinition>(Object.values(jobs).map((job) => [job.name, job as unknown as JobDefinition]));

/**
 * Moves outbox rows into the queues. A row goes only when Redis has its job: dying between the two queues the job again,
 * under the same id, which is the same job.
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  readonly #relaying = new PacedWork(() => this.#drain(), { everyMs: relayEveryMs });

  constructor(
    private readonly dataSource: DataSource,
    private readonly queues: Queues,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.notifications.listen('outbox', () => this.#relaying.ask());
    this.#timer = setInterval(() => this.#relaying.ask(), sweepMs);
    this.#relaying.ask();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#relaying.rest();
  }

  async #drain(): Promise<void> {
    try {
      while ((await this.#relayBatch()) === batchSize);
    } catch (error) {
      this.log.warn({ err: error }, 'jobs could not be queued; they stay in the outbox and are tried again');
    }
  }

  async #relayBatch(): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const rows: { id: string; job: string; data: unknown }[] = await manager.query(
        'select id, job, data from outbox order by id limit $1 for update skip locked',
        [batchSize],
      );
      await Promise.all(rows.map((row) => this.#produce(row.job, row.data)));
      await this.#remove(manager, rows.map((row) => row.id));
      return rows.length;
    });
  }

  async #produce(name: string, data: unknown): Promise<void> {
    const job = jobsByName.get(name);
    if (!job?.data.safeParse(data).success) {
      this.log.error({ job: name }, 'an outbox row is no job that this version knows; it is dropped, so that those behind it go on');
      return;
    }
    const nodeId = (data as { nodeId?: string }).nodeId;
    await this.queues.produce(job, data, nodeId === undefined ? {} : { nodeId });
  }

  async #remove(manager: EntityManager, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await manager.query('delete from outbox where id = any($1)', [ids]);
  }
}
