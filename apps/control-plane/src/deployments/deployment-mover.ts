import { Injectable } from '@nestjs/common';
import { AppError, type DeploymentState, type Failure, type Receipt, isFinal } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { WakeUps } from '../database/wake-ups.js';
import { Deployment } from './deployment.entity.js';
import { Journal, type NewDeploymentEvent } from './journal.js';
import { cancellableStates, type NextDeploymentState } from './transitions.js';

export interface MoveFacts {
  readonly failure?: Failure;
  readonly receipt?: Receipt;
}

/** Somebody else moved the deployment on; what was about to be done is theirs now. */
export class MovedOnError extends Error {}

/** The one writer of a deployment's state. */
@Injectable()
export class DeploymentMover {
  constructor(
    private readonly journal: Journal,
    private readonly wakeUps: WakeUps,
    private readonly notifications: Notifications,
  ) {}

  /** Moves a deployment that is still in `from`; throws MovedOnError, and so undoes the transaction, when it is not. */
  async move<From extends DeploymentState>(manager: EntityManager, id: string, from: From, to: NextDeploymentState<From>, facts: MoveFacts = {}): Promise<void> {
    const state: DeploymentState = to;
    const [[moved]]: [{ environment_id: string; app: string }[], number] = await manager.query(
      `update deployments d set state = $3, state_since = clock_timestamp(), failure = coalesce($4, failure), receipt = coalesce($5, receipt),
         finished_at = case when $6 then coalesce(finished_at, clock_timestamp()) else finished_at end
       from environments e join apps a on a.id = e.app_id where d.id = $1 and d.state = $2 and e.id = d.environment_id returning d.environment_id, a.name as app`,
      [id, from, state, json(facts.failure), json(facts.receipt), isFinal(state)],
    );
    if (!moved) throw new MovedOnError(`Deployment ${id} is no longer ${from}`);
    const { environment_id: environmentId, app } = moved;
    const receipt: NewDeploymentEvent[] = facts.receipt ? [{ kind: 'receipt', receipt: facts.receipt }] : [];
    await this.journal.appendAll(manager, id, [...receipt, { kind: 'state', state, failure: facts.failure ?? null }]);
    await this.wakeUps.wake(manager, id);
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app }));
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'apps' }));
    if (isFinal(state)) await this.#passTheTurn(manager, id, environmentId);
  }

  /** Locks a deployment's row; throws MovedOnError unless it is still in `state`, and the cancellation that somebody asked for. */
  async hold(manager: EntityManager, id: string, state: DeploymentState): Promise<Deployment> {
    const deployment = await manager.findOneOrFail(Deployment, { where: { id }, lock: { mode: 'for_no_key_update' } });
    if (deployment.state !== state) throw new MovedOnError(`Deployment ${id} is ${deployment.state}, not ${state}`);
    if (deployment.cancelRequestedAt && cancellableStates.includes(state)) throw cancelled();
    return deployment;
  }

  async #passTheTurn(manager: EntityManager, id: string, environmentId: string): Promise<void> {
    await manager.query('update environments set active_deployment_id = null where id = $1 and active_deployment_id = $2', [environmentId, id]);
    const waiting: { id: string }[] = await manager.query(`select id from deployments where environment_id = $1 and state = 'queued' and finished_at is null`, [environmentId]);
    for (const next of waiting) await this.wakeUps.wake(manager, next.id);
  }
}

export function cancelled(): AppError {
  return new AppError('deployment_cancelled', { detail: 'It was cancelled before traffic moved. The running release was not touched.' });
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
