import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Node as NodeView } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { hashSecret } from '../access/secret-text.js';
import { Notifications } from '../database/notifications.js';
import { Node } from './node.entity.js';

/** A node that said nothing for this long counts as away. */
export const offlineAfterMs = 30_000;

const rolesKnownMs = 1000;

/** A node as those who place and wait see it, without the figures of all that runs there. */
export type NodeInRole = Pick<Node, 'id' | 'name' | 'lastSeenAt'> & { readonly memoryBytes: number | null };

@Injectable()
export class NodesService {
  /** Tokens that were right, so that an agent's calls cost no query each. */
  readonly #known = new Map<string, string>();
  /** Promises, so that all who ask at once share one look. */
  readonly #inRole = new Map<string, { readonly ids: Promise<readonly string[]>; readonly readAt: number }>();

  constructor(
    private readonly dataSource: DataSource,
    notifications: Notifications,
  ) {
    notifications.listen('nodes', () => {
      this.#known.clear();
      this.#inRole.clear();
    });
  }

  /** Registers the machine's own node, or gives it the token that set-up made. */
  async ensureLocalNode(name: string, token: string): Promise<void> {
    await this.dataSource.query(
      `insert into nodes (id, name, token_hash, roles) values ($1, $2, $3, '{builder,ingress,instances}')
       on conflict (name) where removed_at is null do update set token_hash = excluded.token_hash`,
      [randomUUID(), name, hashSecret(token)],
    );
  }

  /** @returns the node's id, or null when no node has this token */
  async byToken(token: string): Promise<string | null> {
    const hash = hashSecret(token);
    const known = this.#known.get(hash);
    if (known) return known;
    const node = await this.dataSource.manager.findOne(Node, { where: { tokenHash: hash }, select: { id: true } });
    if (!node) return null;
    this.#known.set(hash, node.id);
    return node.id;
  }

  async withRole(manager: EntityManager, role: Node['roles'][number]): Promise<NodeInRole[]> {
    const rows: (Omit<NodeInRole, 'memoryBytes'> & { memoryBytes: string | null })[] = await manager.query(
      `select id, name, last_seen_at as "lastSeenAt", figures->>'memoryBytes' as "memoryBytes" from nodes where $1 = any(roles) order by name`,
      [role],
    );
    return rows.map((row) => ({ ...row, memoryBytes: row.memoryBytes === null ? null : Number(row.memoryBytes) }));
  }

  /** Ids of all that have a role, as of a second ago at the most: where a fleet is large, looking for them each time costs more than what is done with them. */
  async idsInRole(manager: EntityManager, role: Node['roles'][number], { afresh = false } = {}): Promise<readonly string[]> {
    const known = this.#inRole.get(role);
    // Its reader's transaction may have failed.
    if (known && !afresh && performance.now() - known.readAt < rolesKnownMs) return known.ids.catch(() => this.#readIdsInRole(manager, role));
    const ids = this.#readIdsInRole(manager, role);
    this.#inRole.set(role, { ids, readAt: performance.now() });
    return ids;
  }

  async #readIdsInRole(manager: EntityManager, role: Node['roles'][number]): Promise<readonly string[]> {
    const rows: { id: string }[] = await manager.query('select id from nodes where $1 = any(roles)', [role]);
    return rows.map(({ id }) => id);
  }

  /** Ids of those whose instances are to go elsewhere. */
  async draining(manager: EntityManager): Promise<ReadonlySet<string>> {
    const rows: { id: string }[] = await manager.query(`select id from nodes where availability = 'draining' and removed_at is null`);
    return new Set(rows.map(({ id }) => id));
  }

  async someOnline(manager: EntityManager, role: Node['roles'][number]): Promise<boolean> {
    const at = (offsetMs: number) => new Date(Date.now() + offsetMs);
    const found: unknown[] = await manager.query('select 1 from nodes where $1 = any(roles) and last_seen_at > $2 and last_seen_at < $3 limit 1', [role, at(-offlineAfterMs), at(offlineAfterMs)]);
    return found.length > 0;
  }

  /** The builder to give work to; throws `no_node_available` when there is none at all. */
  async builder(manager: EntityManager): Promise<NodeInRole> {
    const builders = await this.withRole(manager, 'builder');
    const builder = builders.find(isOnline) ?? builders[0];
    if (!builder) throw new AppError('no_node_available', { detail: 'No node has the role builder. Give it to a node first.' });
    return builder;
  }

  /** Throws `not_found`. */
  async byName(manager: EntityManager, name: string): Promise<Pick<Node, 'id' | 'name' | 'availability'>> {
    const [node]: Pick<Node, 'id' | 'name' | 'availability'>[] = await manager.query('select id, name, availability from nodes where name = $1 and removed_at is null', [name]);
    if (!node) throw new AppError('not_found', { detail: `There is no node ${name}. "molo nodes" lists those there are.` });
    return node;
  }

  async list(): Promise<NodeView[]> {
    return this.#read(this.dataSource.manager, { id: null, after: null, most: null });
  }

  /** Ordered by name, after the node `after`; `limit` and one more. */
  async page(after: string | null, limit: number): Promise<NodeView[]> {
    return this.#read(this.dataSource.manager, { id: null, after, most: limit + 1 });
  }

  /** Throws `not_found`. */
  async viewByName(name: string): Promise<NodeView> {
    const { manager } = this.dataSource;
    return this.view(manager, (await this.byName(manager, name)).id);
  }

  async view(manager: EntityManager, id: string): Promise<NodeView> {
    const [node] = await this.#read(manager, { id, after: null, most: null });
    return node!;
  }

  async #read(manager: EntityManager, { id, after, most }: { readonly id: string | null; readonly after: string | null; readonly most: number | null }): Promise<NodeView[]> {
    const rows: NodeRow[] = await manager.query(nodeList, [id, after, most]);
    return rows.map(({ figures, lastSeenAt, ...row }) => ({ ...row, ...(figures ?? notToldYet), online: isOnline({ lastSeenAt }), lastSeenAt: lastSeenAt?.toISOString() ?? null }));
  }
}

export function isOnline(node: Pick<Node, 'lastSeenAt'>): boolean {
  // What was heard in the future was heard before the clock was set back: whoever lives says so again within seconds.
  return node.lastSeenAt !== null && Math.abs(Date.now() - node.lastSeenAt.getTime()) < offlineAfterMs;
}

type NodeRow = Omit<NodeView, keyof Figures | 'online' | 'lastSeenAt'> & { lastSeenAt: Date | null; figures: Figures | null };
type Figures = Pick<NodeView, 'agentVersion' | 'engineVersion' | 'cpus' | 'memoryBytes' | 'memoryUsedBytes' | 'diskBytes' | 'diskUsedBytes'>;

const notToldYet: Figures = { agentVersion: null, engineVersion: null, cpus: null, memoryBytes: null, memoryUsedBytes: null, diskBytes: null, diskUsedBytes: null };

/** A node is to be at the generation in which its instances changed last, or as an ingress its routes. */
const nodeList = `
  select n.id, n.name, n.roles, n.availability, n.last_seen_at as "lastSeenAt", n.applied_generation::float8 as "appliedGeneration",
    (select count(*) from instances i where i.node_id = n.id and gone_at is null and desired = 'running' and not runs_once)::float8 as instances,
    greatest((select max(generation) from instances i where i.node_id = n.id), case when 'ingress' = any(n.roles) then routes.generation end, 0)::float8 as generation,
    n.figures - '{at,instances,environments}'::text[] as figures
  from nodes n cross join (select max(generation) as generation from route_changes) routes
  where n.removed_at is null and ($1::uuid is null or n.id = $1) and ($2::text is null or n.name > $2) order by n.name limit $3`;
