import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager, type EntitySubscriberInterface, type QueryRunner, type TransactionCommitEvent } from 'typeorm';
import { Notifications } from '../database/notifications.js';

interface Changes {
  readonly instances: Set<string>;
  readonly environments: Set<string>;
}

/**
 * Gives what changed of the desired sets its generation, and tells the nodes. This is the last that a transaction does, and
 * taken together: changes of one node wait for each other from there to the commit only, and since all take the
 * nodes in one order, never for each other's.
 *
 * Whatever a transaction changes gets one generation, above all that its nodes had. So a node that is at a generation has
 * everything that carries this one or a lower one.
 */
@Injectable()
export class DesiredChanges implements EntitySubscriberInterface {
  readonly #uncommitted = new WeakMap<QueryRunner, Changes>();

  constructor(
    dataSource: DataSource,
    private readonly notifications: Notifications,
  ) {
    dataSource.subscribers.push(this);
  }

  /** What these are to be has changed, in the manager's transaction. */
  instances(manager: EntityManager, ids: readonly string[]): void {
    for (const id of ids) this.#of(manager).instances.add(id);
  }

  /** Where requests of these go, or what is counted of them, has changed, in the manager's transaction. */
  routes(manager: EntityManager, environmentIds: readonly string[]): void {
    for (const id of environmentIds) this.#of(manager).environments.add(id);
  }

  /** Called by TypeORM. */
  async beforeTransactionCommit({ manager, queryRunner }: TransactionCommitEvent): Promise<void> {
    const changes = this.#uncommitted.get(queryRunner);
    if (!changes) return;
    this.#uncommitted.delete(queryRunner);
    const held: { id: string }[] = await manager.query(hold, [[...changes.instances], changes.environments.size > 0]);
    const ids = held.map(({ id }) => id);
    if (ids.length === 0) return;
    await manager.query(raise, [[...changes.instances], [...changes.environments], ids]);
    for (const id of ids) await this.notifications.notify(manager, 'desired', id);
  }

  #of(manager: EntityManager): Changes {
    const { queryRunner } = manager;
    if (!queryRunner?.isTransactionActive) throw new AppError('internal', { detail: 'What nodes are to be was changed outside of a transaction.' });
    const known = this.#uncommitted.get(queryRunner);
    if (known) return known;
    const changes = { instances: new Set<string>(), environments: new Set<string>() };
    this.#uncommitted.set(queryRunner, changes);
    return changes;
  }
}

const hold = `
  select id from nodes where id in (select node_id from instances where id = any($1)) or ($2 and 'ingress' = any(roles)) order by id for no key update`;

/** A statement of its own, so that it sees what they were when they were locked. */
const raise = `
  with next as materialized (select max(generation) + 1 as generation from nodes where id = any($3)),
  changed_instances as (update instances set generation = next.generation from next where id = any($1)),
  changed_routes as (
    insert into route_changes (environment_id, generation) select environments.id, next.generation from next, environments where environments.id = any($2)
    on conflict (environment_id) do update set generation = excluded.generation)
  update nodes set generation = next.generation from next where id = any($3)`;
