import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { runBuild, runDeployment } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { DataSource } from 'typeorm';
import { moloItself } from '../access/caller.js';
import { Log } from '../log.js';
import { DeploymentsService } from './deployments.service.js';
import { Settling } from './settling.js';
import { cancellableStates } from './transitions.js';

const sweepMs = 5000;

/**
 * Works out from PostgreSQL what should be queued and queues it again: Redis may have lost it. A job that is there already
 * is the same job, so a sweep of a healthy platform changes nothing.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #sweeping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly queues: Queues,
    private readonly deployments: DeploymentsService,
    private readonly settling: Settling,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.sweep(), sweepMs);
    void this.sweep();
  }

  onApplicationShutdown(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  async sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      await this.#freeEnvironments();
      await this.#cancelOrphans();
      await this.settling.decideAll(await this.settling.due());
      await this.#queueDeployments();
      await this.#queueBuilds();
    } catch (error) {
      this.log.warn({ err: error }, 'the sweep could not be finished; the next one follows');
    } finally {
      this.#sweeping = false;
    }
  }

  /** A deployment that is over holds no turn; whatever made it keep one must not stop those that come after. */
  async #freeEnvironments(): Promise<void> {
    const [freed]: [{ id: string }[], number] = await this.dataSource.query(
      // What is said of null has it find them by the index of those that are held.
      `update environments e set active_deployment_id = null from deployments d
       where e.active_deployment_id is not null and d.id = e.active_deployment_id and d.finished_at is not null returning e.id`,
    );
    if (freed.length > 0) this.log.error({ environments: freed.map(({ id }) => id) }, 'environments were held by deployments that are over; they are free again');
  }

  /** The removal of an environment, or of its app, cancels deployments after its commit; one that died between the two left them running. */
  async #cancelOrphans(): Promise<void> {
    const orphans: { id: string }[] = await this.dataSource.query(
      `select d.id from deployments d join environments e on e.id = d.environment_id
       where d.finished_at is null and d.cancel_requested_at is null and d.state = any($1) and e.deleted_at is not null`,
      [cancellableStates],
    );
    for (const { id } of orphans) await this.deployments.cancel(id, moloItself);
  }

  /** Those that somebody is to approve may wait for days: whoever does queues them. */
  async #queueDeployments(): Promise<void> {
    const rows: { id: string }[] = await this.dataSource.query(`select id from deployments where finished_at is null and not (needs_approval and state = 'awaiting_approval')`);
    for (const { id } of rows) await this.queues.produce(runDeployment, { deploymentId: id });
  }

  async #queueBuilds(): Promise<void> {
    const rows: { id: string; node_id: string }[] = await this.dataSource.query(
      `select id, node_id from builds where state in ('queued', 'building', 'pushing') and node_id is not null`,
    );
    for (const { id, node_id: nodeId } of rows) await this.queues.produce(runBuild, { nodeId, buildId: id }, { nodeId });
  }
}
