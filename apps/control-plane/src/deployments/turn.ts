import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { BuildsService } from '../builds/builds.service.js';
import { WakeUps } from '../database/wake-ups.js';
import { NodesService } from '../nodes/nodes.service.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';

/** How long to wait for a turn before the job is put back; the sweeper then queues it again. */
const patienceMs = 10 * 60_000;

/** One deployment at a time may change an environment; of those that wait only the newest stays. */
@Injectable()
export class Turn {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeUps: WakeUps,
    private readonly mover: DeploymentMover,
    private readonly builds: BuildsService,
    private readonly nodes: NodesService,
  ) {}

  /** Waits until the environment is this deployment's. @returns false when it is over before its turn came */
  async take(deploymentId: string): Promise<boolean> {
    const taken = await this.wakeUps.until(deploymentId, patienceMs, () => this.#try(deploymentId));
    return taken ?? false;
  }

  /** Gives up, in the transaction that adds a newer one, all that still wait for their turn. */
  async supersedeWaiting(manager: EntityManager, environmentId: string, newer: string): Promise<void> {
    const waiting = await manager
      .createQueryBuilder(Deployment, 'deployment')
      .setLock('pessimistic_write')
      .where(`deployment.environment_id = :environmentId and deployment.state = 'queued' and deployment.started_at is null and deployment.id <> :newer`, { environmentId, newer })
      .getMany();
    for (const older of waiting) {
      if (older.buildId) await this.builds.cancel(manager, older.buildId, older.id);
      const failure = new AppError('deployment_superseded', { detail: 'A newer deployment of the same environment took its place while it waited.' }).toFailure();
      await this.mover.move(manager, older.id, 'queued', 'cancelled', { failure });
    }
  }

  async #try(deploymentId: string): Promise<boolean | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const { environmentId } = await manager.findOneByOrFail(Deployment, { id: deploymentId });
      // Whoever supersedes holds the environment's row, whoever cancels the deployment's: with both it is known whether it still waits.
      const [environment]: { active_deployment_id: string | null }[] = await manager.query('select active_deployment_id from environments where id = $1 for update', [environmentId]);
      const deployment = await manager.findOneOrFail(Deployment, { where: { id: deploymentId }, lock: { mode: 'pessimistic_write' } });
      if (deployment.finishedAt) return false;
      const active = environment?.active_deployment_id ?? null;
      if (active !== null && active !== deploymentId) return undefined;
      if (deployment.startedAt) return true;
      await manager.query('update environments set active_deployment_id = $2 where id = $1', [environmentId, deploymentId]);
      await manager.query('update deployments set started_at = clock_timestamp() where id = $1', [deploymentId]);
      // From here on the ingress counts what this deployment does to traffic.
      await this.nodes.bumpAll(manager);
      return true;
    });
  }
}
