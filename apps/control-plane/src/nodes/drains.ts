import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type Caller, moloItself } from '../access/caller.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { Log } from '../log.js';

const sweepMs = 5000;

/** In SQL, of environments `e`: something runs there that is to go elsewhere, nothing is about to bring it there, and the last that tried since the drain was asked for did not fail. */
const isToMove = `e.live_release_id is not null
  and exists (select 1 from instances i join nodes n on n.id = i.node_id where i.environment_id = e.id and i.gone_at is null and i.desired = 'running' and not i.runs_once
    and n.availability = 'draining' and n.removed_at is null
    and not exists (select 1 from deployments d where d.environment_id = e.id and d.reason = 'move' and (d.finished_at is null or (d.state in ('failed', 'cancelled') and d.created_at > n.availability_since))))`;

/**
 * Moves what runs on nodes that are being drained: one deployment for each environment. What was placed there by somebody who
 * did not know yet, and what was begun by nobody because they died, is found by the sweep.
 */
@Injectable()
export class Drains implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly deployments: DeploymentsService,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => (this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = null))), sweepMs);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** Each in a transaction of its own: nobody waits for all of them. */
  async begin(caller: Caller): Promise<void> {
    const environments: { id: string }[] = await this.dataSource.query(
      `select e.id from environments e where e.id in (select i.environment_id from instances i join nodes n on n.id = i.node_id where n.availability = 'draining' and n.removed_at is null and i.gone_at is null) and ${isToMove} order by e.id`,
    );
    for (const { id } of environments) await this.dataSource.transaction((manager) => this.#move(manager, id, caller));
  }

  /** Deployments that are to bring elsewhere what runs on a node, and those that failed to since it was asked for. */
  async movesFrom(nodeId: string): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      `select d.id from deployments d join environments e on e.id = d.environment_id join nodes n on n.id = $1 where d.reason = 'move'
         and (d.finished_at is null or (d.state in ('failed', 'cancelled') and d.created_at > n.availability_since))
         and exists (select 1 from instances i where i.environment_id = e.id and i.node_id = n.id and i.gone_at is null) order by d.created_at, d.id`,
      [nodeId],
    );
    return rows.map(({ id }) => id);
  }

  /** Of two that begin at once, the second finds that of the first. */
  async #move(manager: EntityManager, environmentId: string, caller: Caller): Promise<void> {
    await manager.query('select 1 from environments where id = $1 for no key update', [environmentId]);
    const [wanted]: unknown[] = await manager.query(`select 1 from environments e where e.id = $1 and e.deleted_at is null and ${isToMove}`, [environmentId]);
    if (wanted) await this.deployments.move(manager, environmentId, caller);
  }

  async #sweep(): Promise<void> {
    try {
      await this.begin(moloItself);
    } catch (error) {
      this.log.warn({ err: error }, 'what runs on nodes that are being drained could not be moved; tried again');
    }
  }
}
