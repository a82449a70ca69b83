import { Injectable } from '@nestjs/common';
import { AppError, type DeploymentState, type Failure, isFinal, type Receipt } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { send } from '../database/gathering.js';
import { heldInOrder, SetStatement } from '../database/set-statement.js';
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
    const [moved] = await send(manager, moveDeployment, { id, from, at, failure, receipt, ends: isFinal(at), events, releaseId, begins, settles });
    if (!moved) throw new MovedOnError(`Deployment ${id} is no longer ${from}`);
    await this.notifications.notify(manager, 'deployment_event', id);
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app: moved.app }));
    await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'apps' }));
    await this.wakeUps.wake(manager, id);
    // Those who wait for the turn that this one gives back.
    if (isFinal(at)) await this.wakeUps.wake(manager, moved.environmentId);
  }

  /** Locks a deployment's row; throws MovedOnError unless it is still in `state`, and the cancellation that somebody asked for. */
  async hold(manager: EntityManager, id: string, state: DeploymentState): Promise<Deployment> {
    const [deployment] = await send(manager, holdDeployment, { id });
    if (deployment?.state !== state) throw new MovedOnError(`Deployment ${id} is ${deployment?.state ?? 'gone'}, not ${state}`);
    if (deployment.cancelRequestedAt && cancellableStates.includes(state)) throw cancelled();
    return deployment;
  }
}

const holdDeployment = new SetStatement<Pick<Deployment, 'id'>, Deployment>({ id: 'uuid' }, `select n, ${deploymentColumns('d')} from given join deployments d on d.id = given.id order by d.id for no key update of d`);

interface Move {
  readonly id: string;
  readonly from: DeploymentState;
  readonly at: DeploymentState;
  readonly failure: Failure | undefined;
  readonly receipt: Receipt | undefined;
  readonly ends: boolean;
  readonly events: readonly NewDeploymentEvent[];
  readonly releaseId: string | null;
  readonly begins: boolean;
  readonly settles: boolean;
}

/** Those that somebody else moved on are left out. */
const moveDeployment = new SetStatement<Move, { environmentId: string; app: string }>(
  { id: 'uuid', from: 'text', at: 'text', failure: 'jsonb', receipt: 'jsonb', ends: 'boolean', events: 'jsonb', releaseId: 'uuid', begins: 'boolean', settles: 'boolean' },
  `, ${heldInOrder('deployments', 'id')},
  moved as (
    update deployments d set state = g.at, state_since = clock_timestamp(), failure = coalesce(g.failure, d.failure), receipt = coalesce(g.receipt, d.receipt),
      finished_at = case when g.ends then coalesce(d.finished_at, clock_timestamp()) else d.finished_at end, release_id = coalesce(g."releaseId", d.release_id),
      started_at = case when g.begins then coalesce(d.started_at, clock_timestamp()) else d.started_at end,
      settling_until = case when g.settles then (select clock_timestamp() + make_interval(secs => (img.manifest->>'settleSeconds')::float8) from releases r join images img on img.id = r.image_id
        where r.id = d.release_id and (img.manifest->>'settleSeconds')::float8 > 0) else d.settling_until end,
      event_seq = d.event_seq + jsonb_array_length(g.events)
    from held join given g on g.id = held.id where d.id = held.id and d.state = g."from"
    returning g.n, d.id, d.environment_id, d.event_seq - jsonb_array_length(g.events) as before, g.events, g.ends),
  told as (
    insert into deployment_events (deployment_id, seq, at, kind, data)
    select moved.id, before + place, clock_timestamp(), event->>'kind', event - 'kind' from moved, jsonb_array_elements(moved.events) with ordinality as events (event, place)),
  turns as materialized (
    select e.id, moved.id as deployment from moved join environments e on e.id = moved.environment_id and e.active_deployment_id = moved.id where moved.ends order by e.id for no key update of e),
  passed as (
    update environments e set active_deployment_id = null from turns where e.id = turns.id and e.active_deployment_id = turns.deployment)
  select n, environment_id as "environmentId", a.name as app from moved join environments e on e.id = environment_id join apps a on a.id = e.app_id`,
);

export function cancelled(): AppError {
  return new AppError('deployment_cancelled', { detail: 'It was cancelled before traffic moved. The running release was not touched.' });
}
