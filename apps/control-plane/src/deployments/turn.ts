import { Injectable } from '@nestjs/common';
import { AppError, type ReleaseReason } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { BuildsService } from '../builds/builds.service.js';
import { WakeUps } from '../database/wake-ups.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';

/** How long to wait for a turn before the job is put back; the sweeper then queues it again. */
const patienceMs = 10 * 60_000;

/**
 * What a newer deployment brings of those that wait before it, so that they need not come any more. Config and formation are
 * read when the turn comes, so each release holds the newest; the code of a push is in no change of config, and a redeploy
 * takes what is live as it is. A rollback says where to go, whatever was on its way.
 */
const brings: Readonly<Record<ReleaseReason, readonly ReleaseReason[]>> = {
  push: ['push', 'rollback', 'redeploy', 'config', 'scale', 'domains'],
  rollback: ['push', 'rollback', 'redeploy', 'config', 'scale', 'domains'],
  config: ['redeploy', 'config', 'scale', 'domains'],
  scale: ['config', 'scale', 'domains'],
  redeploy: ['redeploy'],
  domains: ['domains'],
};

/** One deployment at a time may change an environment; the others wait in their order, but for those that a newer one makes needless. */
@Injectable()
export class Turn {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeUps: WakeUps,
    private readonly mover: DeploymentMover,
    private readonly builds: BuildsService,
    private readonly desired: DesiredChanges,
  ) {}

  /** Waits until the environment is this deployment's. @returns false when it is over before its turn came */
  async take(deploymentId: string): Promise<boolean> {
    const taken = await this.wakeUps.until(deploymentId, patienceMs, () => this.#try(deploymentId));
    return taken ?? false;
  }

  /** Gives up, in the transaction that adds a newer one, those that still wait for their turn and that it brings along. */
  async supersedeWaiting(manager: EntityManager, environmentId: string, newer: string, reason: ReleaseReason): Promise<void> {
    const waiting = await manager
      .createQueryBuilder(Deployment, 'deployment')
      .setLock('for_no_key_update')
      .where(`deployment.environment_id = :environmentId and deployment.finished_at is null and deployment.state = 'queued' and deployment.started_at is null and deployment.id <> :newer and deployment.reason in (:...brought)`, { environmentId, newer, brought: brings[reason] })
      .getMany();
    for (const older of waiting) {
      if (older.buildId) await this.builds.cancel(manager, older.buildId, older.id);
      const failure = new AppError('deployment_superseded', { detail: 'A newer deployment of the same environment took its place while it waited.' }).toFailure();
      await this.mover.move(manager, older.id, 'queued', 'cancelled', { failure });
    }
  }

  async #try(deploymentId: string): Promise<boolean | undefined> {
    const { environmentId, turn } = await this.#look(this.dataSource.manager, deploymentId);
    if (turn !== 'next') return turnOf[turn];
    return this.dataSource.transaction(async (manager) => {
      // Nobody takes a turn without the environment's row; whoever supersedes holds it too.
      await manager.query('select 1 from environments where id = $1 for no key update', [environmentId]);
      const { turn: now } = await this.#look(manager, deploymentId);
      // The steps of one that has its turn lock the deployment before the environment: its row must not be waited for here.
      if (now !== 'next') return turnOf[now];
      // Whoever cancels holds the deployment's row.
      const deployment = await manager.findOneOrFail(Deployment, { where: { id: deploymentId }, lock: { mode: 'for_no_key_update' } });
      if (deployment.finishedAt) return false;
      await manager.query('update environments set active_deployment_id = $2 where id = $1', [environmentId, deploymentId]);
      await manager.query('update deployments set started_at = clock_timestamp() where id = $1', [deploymentId]);
      // From here on the ingress counts what this deployment does to traffic.
      await this.desired.routes(manager, [environmentId]);
      return true;
    });
  }

  async #look(manager: EntityManager, deploymentId: string): Promise<{ environmentId: string; turn: 'over' | 'taken' | 'waits' | 'next' }> {
    const [row] = await manager.query(
      `select d.environment_id as "environmentId", case when d.finished_at is not null then 'over' when d.started_at is not null then 'taken'
         when e.active_deployment_id is not null or exists (select 1 from deployments older where older.environment_id = d.environment_id and older.finished_at is null
           and older.started_at is null and older.state = 'queued' and (older.created_at, older.id) < (d.created_at, d.id)) then 'waits' else 'next' end as turn
       from deployments d join environments e on e.id = d.environment_id where d.id = $1`,
      [deploymentId],
    );
    if (!row) throw new AppError('not_found', { detail: `There is no deployment ${deploymentId}.` });
    return row;
  }
}

const turnOf = { over: false, taken: true, waits: undefined } as const;
