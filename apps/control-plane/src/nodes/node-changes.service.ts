import { Injectable } from '@nestjs/common';
import { AppError, type Deployment, type Node as NodeView, type NodeAvailability } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { AuditService } from '../audit/audit.service.js';
import { Config } from '../config.js';
import { Notifications } from '../database/notifications.js';
import { DeploymentViews } from '../deployments/deployment-views.js';
import { Drains } from './drains.js';
import type { Node } from './node.entity.js';
import { NodesService } from './nodes.service.js';

type Known = Pick<Node, 'id' | 'name' | 'availability'>;

const done = { active: 'node.uncordoned', cordoned: 'node.cordoned', draining: 'node.drained' } as const satisfies Record<NodeAvailability, string>;

/** What people do with nodes: whether they are given instances, and that they go. */
@Injectable()
export class NodeChanges {
  constructor(
    private readonly dataSource: DataSource,
    private readonly nodes: NodesService,
    private readonly drains: Drains,
    private readonly deployments: DeploymentViews,
    private readonly notifications: Notifications,
    private readonly audit: AuditService,
    private readonly config: Config,
  ) {}

  async cordon(name: string, caller: Caller): Promise<NodeView> {
    return this.#change(name, 'cordoned', caller);
  }

  async uncordon(name: string, caller: Caller): Promise<NodeView> {
    return this.#change(name, 'active', caller);
  }

  /**
   * What runs there goes elsewhere, by deployments of each environment. Who dies before they are begun leaves them to the next
   * sweep. Asked again, it begins those anew that failed.
   */
  async drain(name: string, caller: Caller): Promise<{ node: NodeView; deployments: Deployment[] }> {
    const { id } = await this.#change(name, 'draining', caller);
    await this.drains.begin(caller);
    const ids = await this.drains.movesFrom(id);
    return { node: await this.nodes.view(this.dataSource.manager, id), deployments: await Promise.all(ids.map((each) => this.deployments.one(each))) };
  }

  /** It is no node any more from the commit on: neither its token nor what it gives access to. Its row stays, for what ran there. */
  async remove(name: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const node = await this.#lock(manager, name);
      await this.#refuseUnlessEmpty(manager, node);
      await manager.query(`update nodes set removed_at = now(), roles = '{}', token_hash = 'removed ' || id where id = $1`, [node.id]);
      await manager.query('delete from observed_routes where node_id = $1', [node.id]);
      await this.audit.record(manager, caller, { action: 'node.removed', target: `node ${name}` });
      await this.notifications.notify(manager, 'nodes', node.id);
    });
  }

  async #change(name: string, availability: NodeAvailability, caller: Caller): Promise<NodeView> {
    return this.dataSource.transaction(async (manager) => {
      const node = await this.#lock(manager, name);
      if (availability === 'draining') await this.#refuseUnlessElsewhere(manager, node);
      if (availability !== node.availability || availability === 'draining') {
        await manager.query('update nodes set availability = $2, availability_since = clock_timestamp() where id = $1', [node.id, availability]);
        await this.audit.record(manager, caller, { action: done[availability], target: `node ${name}`, before: { availability: node.availability }, after: { availability } });
        await this.notifications.notify(manager, 'nodes', node.id);
      }
      return this.nodes.view(manager, node.id);
    });
  }

  /** With its key, so that nothing is placed there meanwhile. */
  async #lock(manager: EntityManager, name: string): Promise<Known> {
    const { id } = await this.nodes.byName(manager, name);
    await manager.query('select 1 from nodes where id = $1 for update', [id]);
    return this.nodes.byName(manager, name);
  }

  async #refuseUnlessElsewhere(manager: EntityManager, { id, name }: Known): Promise<void> {
    const [others]: unknown[] = await manager.query(`select 1 from nodes where id <> $1 and availability = 'active' and 'instances' = any(roles) limit 1`, [id]);
    if (others || (await this.#instances(manager, id)) === 0) return;
    throw new AppError('conflict', { detail: `What runs on ${name} can go nowhere: no other node takes instances. Add one, or have one take them again with "molo nodes uncordon NAME".` });
  }

  async #refuseUnlessEmpty(manager: EntityManager, { id, name, availability }: Known): Promise<void> {
    if (name === this.config.nodeName) throw new AppError('conflict', { detail: `${name} is the machine of the platform itself: it can be cordoned and drained, but not removed.` });
    if (availability !== 'draining') throw new AppError('conflict', { detail: `${name} is given instances, or keeps those that it has. Drain it first: molo nodes drain ${name}` });
    const left = await this.#instances(manager, id);
    if (left > 0) throw new AppError('conflict', { detail: `${left === 1 ? 'An instance is' : `${left} instances are`} still on ${name}. Remove it once they are gone; "molo nodes drain ${name}" tells how far it is.` });
  }

  async #instances(manager: EntityManager, nodeId: string): Promise<number> {
    const [{ count }]: [{ count: number }] = await manager.query('select count(*)::integer as count from instances where node_id = $1 and gone_at is null', [nodeId]);
    return count;
  }
}
