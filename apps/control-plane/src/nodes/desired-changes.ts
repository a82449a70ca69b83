import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type EntityManager, type EntitySubscriberInterface, type QueryRunner, type TransactionCommitEvent } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { PacedWork } from '../database/paced-work.js';
import { send } from '../database/gathering.js';
import { SetStatement } from '../database/set-statement.js';
import { Log } from '../log.js';

/** Finds what was changed by a process that died right after its commit. */
const sweepMs = 5000;
const batchSize = 1000;
/** Where changes come all the time, those of one moment get one generation. One deployment changes something half a dozen times, and waits for none of them. */
const stampEveryMs = 200;

/**
 * Gives what changed of the desired sets its generation, and tells the nodes. A transaction only marks what it changed
 * (generation null); right after its commit all that is marked gets the next generation at once, by whichever process comes
 * first. So no transaction waits for another because both change what the same node is to be, and many that end together
 * cost one generation.
 *
 * Marks and the generation are read by agents in one snapshot: who has generation G has all that carries G or less.
 */
@Injectable()
export class DesiredChanges implements EntitySubscriberInterface, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #stamping = new PacedWork(() => this.#stampAll(), { everyMs: stampEveryMs, burst: 10 });
  readonly #marking = new WeakSet<QueryRunner>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {
    dataSource.subscribers.push(this);
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#stamping.ask(), sweepMs);
    this.#stamping.ask();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#stamping.rest();
  }

  /** What these are to be has changed, in the manager's transaction. */
  async instances(manager: EntityManager, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await manager.query('update instances set generation = null where id = any($1) and generation is not null', [ids]);
    this.marked(manager);
  }

  /** What these are to be has changed, all those of a deployment, in the manager's transaction. */
  async instancesOf(manager: EntityManager, deploymentId: string): Promise<void> {
    const rows: { id: string }[] = await manager.query('select id from instances where deployment_id = $1 and gone_at is null order by id for no key update', [deploymentId]);
    await this.instances(manager, rows.map(({ id }) => id));
  }

  /** Where requests of these go, or what is counted of them, has changed, in the manager's transaction. */
  async routes(manager: EntityManager, environmentIds: readonly string[]): Promise<void> {
    if (environmentIds.length === 0) return;
    await send(manager, markRoutes, { environmentIds });
    this.marked(manager);
  }

  /** The manager's transaction has set generations to null itself. */
  marked({ queryRunner }: EntityManager): void {
    if (queryRunner?.isTransactionActive) this.#marking.add(queryRunner);
    else this.#stamping.ask();
  }

  /** Called by TypeORM, for savepoints too. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    if (!queryRunner.isTransactionActive && this.#marking.delete(queryRunner)) this.#stamping.ask();
  }

  async #stampAll(): Promise<void> {
    try {
      while (await this.#stamp());
    } catch (error) {
      this.log.warn({ err: error }, 'what changed of the desired sets could not be told; tried again');
    }
  }

  /** What somebody holds is changed by them once more, and is stamped after their commit. @returns whether there may be more */
  async #stamp(): Promise<boolean> {
    const [told]: { nodes: string[]; isFull: boolean }[] = await this.dataSource.query(stamp);
    for (const id of told?.nodes ?? []) await this.notifications.notify(this.dataSource.manager, 'desired', id);
    return told?.isFull ?? false;
  }
}

const markRoutes = new SetStatement<{ readonly environmentIds: readonly string[] }>(
  { environmentIds: 'uuid[]' },
  `insert into route_changes (environment_id) select distinct id from given, unnest("environmentIds") id order by id on conflict (environment_id) do update set generation = null`,
);

/** @returns the nodes that are to hear of it; what is gone is no news to its node */
const stamp = `
  with marked as materialized (select id from instances where generation is null limit ${batchSize} for no key update skip locked),
  changed as materialized (select environment_id as id from route_changes where generation is null limit ${batchSize} for no key update skip locked),
  counts as (select (select count(*) from marked) as marked, (select count(*) from changed) as changed),
  next as (update desired_generation set generation = generation + 1 from counts where marked + changed > 0 returning generation),
  stamped as (update instances i set generation = next.generation from next where i.id = any(array(select id from marked)) returning i.node_id, i.gone_at),
  routed as (update route_changes r set generation = next.generation from next where r.environment_id = any(array(select id from changed)) returning 1)
  select array(select node_id from stamped where gone_at is null
      union select id from nodes where 'ingress' = any(roles) and exists (select 1 from routed)) as nodes,
    greatest(marked, changed) = ${batchSize} as "isFull" from counts where marked + changed > 0`;
