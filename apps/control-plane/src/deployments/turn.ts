import { Injectable } from '@nestjs/common';
import { AppError, type ReleaseReason } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { BuildsService } from '../builds/builds.service.js';
import { send } from '../database/gathering.js';
import { SetStatement } from '../database/set-statement.js';
import { SharedTransactions } from '../database/shared-transactions.js';
import { WakeUps } from '../database/wake-ups.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { Deployment, deploymentColumns, movedTo } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';
import { waitingState } from './transitions.js';

/** How long to wait for a turn before the job is put back; the sweeper then queues it again. */
const patienceMs = 10 * 60_000;

/**
 * What a newer deployment brings of those that wait before it, so that they need not come any more. Config and formation are
 * read when the turn comes, so each release holds the newest; the code of a push is in no change of config, and a redeploy
 * takes what is live as it is. A rollback says where to go, whatever was on its way. None of them leaves an instance on a node
 * that is being drained, so that all of them bring a move.
 */
const brings: Readonly<Record<ReleaseReason, readonly ReleaseReason[]>> = {
  push: ['push', 'promotion', 'rollback', 'redeploy', 'config', 'scale', 'domains', 'move'],
  promotion: ['push', 'promotion', 'rollback', 'redeploy', 'config', 'scale', 'domains', 'move'],
  rollback: ['push', 'promotion', 'rollback', 'redeploy', 'config', 'scale', 'domains', 'move'],
  config: ['redeploy', 'config', 'scale', 'domains', 'move'],
  scale: ['config', 'scale', 'domains', 'move'],
  redeploy: ['redeploy', 'move'],
  domains: ['domains'],
  move: ['move'],
};

/** A deployment as it was last read, or as this process has just moved it: then others are only about to do what it waits for. */
export interface Standing {
  readonly deployment: Deployment;
  readonly hasJustBegun: boolean;
}

export type Onward = (manager: EntityManager, deployment: Deployment) => Promise<Deployment | null>;

/** One deployment at a time may change an environment; the others wait in their order, but for those that a newer one makes needless. */
interface Newer {
  readonly reason: ReleaseReason;
  readonly isApproved: boolean;
  /** Begun by Molo itself, for a release that died. */
  readonly isUndo: boolean;
}

@Injectable()
export class Turn {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: SharedTransactions,
    private readonly wakeUps: WakeUps,
    private readonly mover: DeploymentMover,
    private readonly builds: BuildsService,
    private readonly desired: DesiredChanges,
  ) {}

  /**
   * Waits until the environment is this deployment's.
   * @param onward what can be done at once in the transaction that takes the turn; null where something has to be waited for.
   *   Where it fails the turn is taken without it, and the steps say where they failed.
   * @returns where the deployment stands then; null when it was over before its turn came; `unapproved` at once where it has none until it is approved
   */
  async take(deploymentId: string, onward: Onward): Promise<Standing | 'unapproved' | null> {
    const taken = await this.#begin(deploymentId, onward);
    if (taken) return taken;
    const { environmentId, turn } = await this.#look(deploymentId);
    if (turn === 'unapproved') return turn;
    return (await this.wakeUps.until(environmentId, { timeoutMs: patienceMs }, () => this.#try(deploymentId, onward))) ?? null;
  }

  /**
   * Gives up, in the transaction that adds a newer one or approves it, those that still wait for their turn and that it brings
   * along. One that is not approved gives up no others than such; what a change holds that waits for approval is nowhere else; and
   * what Molo itself undoes is no answer to those who wait for one.
   */
  async supersedeWaiting(manager: EntityManager, environmentId: string, newer: string, { reason, isApproved, isUndo }: Newer): Promise<void> {
    const waiting: Pick<Deployment, 'id' | 'buildId' | 'state'>[] = await manager.query(
      `select id, build_id as "buildId", state from deployments where environment_id = $1 and finished_at is null and state in ('queued', 'awaiting_approval') and started_at is null
         and (created_at, id) < (select created_at, id from deployments where id = $2) and reason = any($3)
         and (needs_approval or $4) and not (needs_approval and ($5 or reason in ('config', 'scale'))) order by id for no key update`,
      [environmentId, newer, brings[reason], isApproved, isUndo],
    );
    for (const older of waiting) {
      if (older.buildId) await this.builds.cancel(manager, older.buildId, older.id);
      const failure = new AppError('deployment_superseded', { detail: 'A newer deployment of the same environment took its place while it waited.' }).toFailure();
      await this.mover.move(manager, older.id, waitingState(older), 'cancelled', { failure });
    }
  }

  async #try(deploymentId: string, onward: Onward): Promise<Standing | null | undefined> {
    const { turn } = await this.#look(deploymentId);
    if (turn === 'over') return null;
    if (turn === 'taken') return { deployment: await this.dataSource.manager.findOneByOrFail(Deployment, { id: deploymentId }), hasJustBegun: false };
    return turn === 'next' ? this.#begin(deploymentId, onward) : undefined;
  }

  async #begin(deploymentId: string, onward: Onward): Promise<Standing | undefined> {
    try {
      return await this.#takeAnd(deploymentId, onward);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return this.#takeAnd(deploymentId, () => Promise.resolve(null));
    }
  }

  /** @returns undefined where it is not this one's turn */
  async #takeAnd(deploymentId: string, onward: Onward): Promise<Standing | undefined> {
    return this.transactions.run('turn', deploymentId, async (manager) => {
      // Nobody takes a turn without the environment's row; whoever supersedes holds it too, and whoever cancels the deployment's.
      const [environment] = await send(manager, takeEnvironment, { deploymentId });
      if (!environment) return undefined;
      const [deployment] = await send(manager, holdWaiting, { deploymentId });
      // It was cancelled since.
      if (!deployment) return void (await manager.query('update environments set active_deployment_id = null where id = $1', [environment.id]));
      // From here on the ingress counts what this deployment does to traffic.
      await this.desired.routes(manager, [deployment.environmentId]);
      const done = await onward(manager, deployment);
      if (done) return { deployment: done, hasJustBegun: true };
      await manager.query('update deployments set started_at = clock_timestamp() where id = $1', [deploymentId]);
      return { deployment: movedTo(deployment, deployment.state, { startedAt: new Date() }), hasJustBegun: false };
    });
  }

  async #look(deploymentId: string): Promise<{ environmentId: string; turn: 'over' | 'taken' | 'unapproved' | 'waits' | 'next' }> {
    const [row] = await this.dataSource.query(
      `select d.environment_id as "environmentId", case when d.finished_at is not null then 'over' when d.started_at is not null then 'taken'
         when d.needs_approval then 'unapproved'
         when e.active_deployment_id is not null or ${hasOlder} then 'waits' else 'next' end as turn
       from deployments d join environments e on e.id = d.environment_id where d.id = $1`,
      [deploymentId],
    );
    if (!row) throw new AppError('not_found', { detail: `There is no deployment ${deploymentId}.` });
    return row;
  }
}

/** In SQL, of the deployment `d`: whether one that began before it still waits for its turn. */
const hasOlder = `exists (select 1 from deployments older where older.environment_id = d.environment_id and older.finished_at is null
  and older.started_at is null and not older.needs_approval and older.state in ('queued', 'awaiting_approval') and (older.created_at, older.id) < (d.created_at, d.id))`;

/** Deployments of an environment begin one after the other, under its lock: who sees the row of one sees those before it, at the least as they were then. */
const takeEnvironment = new SetStatement<{ readonly deploymentId: string }, { id: string }>(
  { deploymentId: 'uuid' },
  `, held as materialized (select e.id from given join deployments d on d.id = "deploymentId" join environments e on e.id = d.environment_id
    where e.active_deployment_id is null and d.finished_at is null and d.started_at is null and not d.needs_approval order by e.id for no key update of e)
  update environments e set active_deployment_id = d.id from held, given join deployments d on d.id = "deploymentId"
  where e.id = held.id and e.id = d.environment_id and e.active_deployment_id is null and d.finished_at is null and d.started_at is null and not d.needs_approval and not ${hasOlder} returning n, e.id`,
);

const holdWaiting = new SetStatement<{ readonly deploymentId: string }, Deployment>(
  { deploymentId: 'uuid' },
  `select n, ${deploymentColumns('d')} from given join deployments d on d.id = "deploymentId" where d.finished_at is null and d.started_at is null order by d.id for no key update of d`,
);
