import { Injectable } from '@nestjs/common';
import { AppError, type DeploymentState, type Failure, isFinal, type Receipt } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { WakeUps } from '../database/wake-ups.js';
import { Course } from './course.js';
import { type Deployment, deploymentColumns } from './deployment.entity.js';
import type { NewDeploymentEvent } from './journal.js';
import { cancellableStates, type NextDeploymentState } from './transitions.js';

/** What is written with a course. */
export interface CourseFacts {
  readonly failure?: Failure;
  readonly receipt?: Receipt;
  readonly releaseId?: string;
  /** Its turn has come. */
  readonly begins?: boolean;
  /** From now on, for as long as its image says. */
  readonly settles?: boolean;
}

/** Somebody else moved the deployment on; what was about to be done is theirs now. */
export class MovedOnError extends Error {}

/** The one writer of a deployment's state. */
@Injectable()
export class DeploymentMover {
  constructor(
    private readonly wakeUps: WakeUps,
    private readonly notifications: Notifications,
  ) {}

  /** Moves a deployment that is still in `from`; throws MovedOnError, and so undoes the transaction, when it is not. */
  async move<From extends DeploymentState>(manager: EntityManager, id: string, from: From, to: NextDeploymentState<From>, facts: CourseFacts = {}): Promise<void> {
    const receipt: NewDeploymentEvent[] = facts.receipt ? [{ kind: 'receipt', receipt: facts.receipt }] : [];
    await this.follow(manager, id, Course.from(from).tell(...receipt).to(to, facts.failure), facts);
  }

  /** The same for several moves at once: state, journal and turn in one statement. */
  async follow(manager: EntityManager, id: string, { from, at, events }: Course<DeploymentState>, facts: CourseFacts = {}): Promise<void> {
    const { failure, receipt, releaseId = null, begins = false, settles = false } = facts;
    const [moved]: { environment_id: string; app: string }[] = await manager.query(moveStatement, [
      id, from, at, json(failure), json(receipt), isFinal(at), JSON.stringify(events), releaseId, begins, settles,
    ]);
    if (!moved) throw new MovedOnError(`Deployment ${id} is no longer ${from}`);
    await this.notifications.notify(manager, 'deployment_event', id);
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app: moved.app }));
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'apps' }));
    await this.wakeUps.wake(manager, id);
    // Those who wait for the turn that this one gives back.
    if (isFinal(at)) await this.wakeUps.wake(manager, moved.environment_id);
  }

  /** Locks a deployment's row; throws MovedOnError unless it is still in `state`, and the cancellation that somebody asked for. */
  async hold(manager: EntityManager, id: string, state: DeploymentState): Promise<Deployment> {
    const [deployment]: Deployment[] = await manager.query(holdStatement, [id]);
    if (deployment?.state !== state) throw new MovedOnError(`Deployment ${id} is ${deployment?.state ?? 'gone'}, not ${state}`);
    if (deployment.cancelRequestedAt && cancellableStates.includes(state)) throw cancelled();
    return deployment;
  }
}

const holdStatement = `select ${deploymentColumns('d')} from deployments d where d.id = $1 for no key update`;

const moveStatement = `
  with moved as (
    update deployments d set state = $3, state_since = clock_timestamp(), failure = coalesce($4, failure), receipt = coalesce($5, receipt),
      finished_at = case when $6 then coalesce(finished_at, clock_timestamp()) else finished_at end, release_id = coalesce($8, release_id),
      started_at = case when $9 then coalesce(started_at, clock_timestamp()) else started_at end,
      settling_until = case when $10 then (select clock_timestamp() + make_interval(secs => (img.manifest->>'settleSeconds')::float8) from releases r join images img on img.id = r.image_id
        where r.id = d.release_id and (img.manifest->>'settleSeconds')::float8 > 0) else settling_until end,
      event_seq = event_seq + jsonb_array_length($7)
    from environments e join apps a on a.id = e.app_id where d.id = $1 and d.state = $2 and e.id = d.environment_id
    returning d.environment_id, a.name as app, d.event_seq - jsonb_array_length($7) as before),
  told as (
    insert into deployment_events (deployment_id, seq, at, kind, data)
    select $1, before + n, clock_timestamp(), event->>'kind', event - 'kind' from moved, jsonb_array_elements($7) with ordinality as events (event, n)),
  passed as (
    update environments e set active_deployment_id = null from moved where $6 and e.id = moved.environment_id and e.active_deployment_id = $1)
  select environment_id, app from moved`;

export function cancelled(): AppError {
  return new AppError('deployment_cancelled', { detail: 'It was cancelled before traffic moved. The running release was not touched.' });
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
