import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Node as NodeView, reconcileNode } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { OutboxService } from '../outbox/outbox.service.js';
import { Node } from './node.entity.js';

/** A node that said nothing for this long counts as away. */
export const offlineAfterMs = 30_000;

function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

@Injectable()
export class NodesService {
  /** Tokens that were right, so that an agent's calls cost no query each. */
  readonly #known = new Map<string, string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: OutboxService,
  ) {}

  /** Registers the machine's own node, or gives it the token that set-up made. */
  async ensureLocalNode(name: string, token: string): Promise<void> {
    await this.dataSource.query(
      `insert into nodes (id, name, token_hash, roles) values ($1, $2, $3, '{builder,ingress,instances}')
       on conflict (name) do update set token_hash = excluded.token_hash`,
      [randomUUID(), name, tokenHash(token)],
    );
  }

  /** @returns the node's id, or null when no node has this token */
  async byToken(token: string): Promise<string | null> {
    const hash = tokenHash(token);
    const known = this.#known.get(hash);
    if (known) return known;
    const node = await this.dataSource.manager.findOneBy(Node, { tokenHash: hash });
    if (!node || !timingSafeEqual(Buffer.from(node.tokenHash), Buffer.from(hash))) return null;
    this.#known.set(hash, node.id);
    return node.id;
  }

  /** What these nodes are to be has changed: raises their generation and has them told. */
  async bump(manager: EntityManager, nodeIds: readonly string[]): Promise<void> {
    if (nodeIds.length === 0) return;
    // One order for everybody, so that two changes never wait for each other.
    const [rows]: [{ id: string; generation: string }[], number] = await manager.query(
      `update nodes set generation = generation + 1 where id in (select id from nodes where id = any($1) order by id for update)
       returning id, generation`,
      [nodeIds],
    );
    for (const { id, generation } of rows) {
      await this.outbox.add(manager, reconcileNode, { nodeId: id, generation: Number(generation) });
    }
  }

  async bumpAll(manager: EntityManager): Promise<void> {
    const nodes = await manager.find(Node, { select: { id: true } });
    await this.bump(manager, nodes.map((node) => node.id));
  }

  async withRole(manager: EntityManager, role: Node['roles'][number]): Promise<Node[]> {
    const nodes = await manager.find(Node, { order: { name: 'ASC' } });
    return nodes.filter((node) => node.roles.includes(role));
  }

  /** The builder to give work to; throws `no_node_available` when there is none at all. */
  async builder(manager: EntityManager): Promise<Node> {
    const builders = await this.withRole(manager, 'builder');
    const builder = builders.find(isOnline) ?? builders[0];
    if (!builder) throw new AppError('no_node_available', { detail: 'No node has the role builder. Give it to a node first.' });
    return builder;
  }

  async list(): Promise<NodeView[]> {
    const nodes = await this.dataSource.manager.find(Node, { order: { name: 'ASC' } });
    const counts: { node_id: string; count: string }[] = await this.dataSource.query(
      `select node_id, count(*) from instances where gone_at is null and desired = 'running' and not runs_once group by node_id`,
    );
    const byNode = new Map(counts.map((row) => [row.node_id, Number(row.count)]));
    return nodes.map((node) => view(node, byNode.get(node.id) ?? 0));
  }
}

export function isOnline(node: Node): boolean {
  return node.lastSeenAt !== null && Date.now() - node.lastSeenAt.getTime() < offlineAfterMs;
}

function view(node: Node, instances: number): NodeView {
  const figures = node.figures;
  return {
    id: node.id,
    name: node.name,
    roles: node.roles,
    online: isOnline(node),
    lastSeenAt: node.lastSeenAt?.toISOString() ?? null,
    generation: Number(node.generation),
    appliedGeneration: Number(node.appliedGeneration),
    agentVersion: figures?.agentVersion ?? null,
    engineVersion: figures?.engineVersion ?? null,
    cpus: figures?.cpus ?? null,
    memoryBytes: figures?.memoryBytes ?? null,
    memoryUsedBytes: figures?.memoryUsedBytes ?? null,
    diskBytes: figures?.diskBytes ?? null,
    diskUsedBytes: figures?.diskUsedBytes ?? null,
    instances,
  };
}
