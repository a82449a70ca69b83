import { Injectable } from '@nestjs/common';
import type { ObservedInstance, ObservedNode, ObservedRoute, TrafficCount } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { WakeUps } from '../database/wake-ups.js';
import { Notifications } from '../database/notifications.js';
import { Journal } from '../deployments/journal.js';
import { Settling } from '../deployments/settling.js';
import { Instance } from '../instances/instance.entity.js';
import { Node } from './node.entity.js';

interface Change {
  readonly instance: Instance;
  readonly observed: ObservedInstance;
}

/** Takes what the agents see. Only what changed is written; whoever waits for it is woken in the same transaction. */
@Injectable()
export class ObservedService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly journal: Journal,
    private readonly wakeUps: WakeUps,
    private readonly notifications: Notifications,
    private readonly settling: Settling,
  ) {}

  async take(nodeId: string, report: ObservedNode): Promise<void> {
    const died = await this.dataSource.transaction((manager) => this.#take(manager, nodeId, report));
    await this.settling.decideAll(died);
  }

  /** @returns the deployments of which it is to be decided what becomes of them, since they do not settle */
  async #take(manager: EntityManager, nodeId: string, report: ObservedNode): Promise<string[]> {
    // Rows are locked as everywhere: deployments, environments, instances, nodes, and each kind in the order of its ids.
    // Reports of one node queue up here instead.
    await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [nodeId]);
    const node = await manager.findOneByOrFail(Node, { id: nodeId });
    if (!isNewer(node, report)) return [];
    const changes = await this.#changes(manager, nodeId, report);
    const died: string[] = [];
    for (const change of changes) {
      await this.#journal(manager, change);
      if (await this.#died(manager, change)) died.push(change.instance.deploymentId);
    }
    await this.#takeTraffic(manager, nodeId, report.traffic);
    const routed = await this.#takeRoutes(manager, nodeId, report);
    for (const change of changes.toSorted((a, b) => (a.instance.id < b.instance.id ? -1 : 1))) await this.#write(manager, change);
    await this.#tell(manager, new Set([...changes.map(({ instance }) => instance.environmentId), ...routed]));
    await manager.update(Node, { id: nodeId }, {
      agentStartedAt: new Date(report.agentStartedAt),
      observedSeq: String(report.seq),
      appliedGeneration: String(report.generation),
      lastSeenAt: new Date(),
    });
    return died;
  }

  /** In the order of their deployments, which are locked one after the other. */
  async #changes(manager: EntityManager, nodeId: string, report: ObservedNode): Promise<Change[]> {
    const known = await manager
      .createQueryBuilder(Instance, 'instance')
      .where('instance.node_id = :nodeId and instance.gone_at is null', { nodeId })
      .orderBy('instance.deployment_id')
      .getMany();
    const seen = new Map(report.instances.map((instance) => [instance.id, instance]));
    return known.flatMap((instance) => {
      const observed = seen.get(instance.id) ?? this.#absent(instance);
      return observed && !isSame(instance, observed) ? [{ instance, observed }] : [];
    });
  }

  /** What an agent no longer speaks of, and was told to end, is gone; one that it has not heard of yet is still to come. */
  #absent(instance: Instance): ObservedInstance | null {
    if (instance.desired === 'running') return null;
    const { id, restarts, exitCode, outOfMemory, failure, lastLines } = instance;
    return { id, observed: 'gone', containerId: null, address: null, restarts, exitCode, outOfMemory, startedAt: null, failure, lastLines };
  }

  async #write(manager: EntityManager, { instance, observed }: Change): Promise<void> {
    const now = new Date();
    await manager.update(Instance, { id: instance.id }, {
      observed: observed.observed,
      containerId: observed.containerId,
      address: observed.address,
      restarts: observed.restarts,
      exitCode: observed.exitCode,
      outOfMemory: observed.outOfMemory,
      wasHealthy: instance.wasHealthy || observed.observed === 'healthy',
      failure: observed.failure,
      lastLines: observed.lastLines,
      startedAt: observed.startedAt === null ? null : new Date(observed.startedAt),
      observedAt: now,
      ...(observed.observed === 'gone' ? { goneAt: now, serving: false } : {}),
    });
  }

  /** The journal ends with the deployment; what befalls its instances later is told by the instances themselves, but for a death while the release settles. */
  async #journal(manager: EntityManager, { instance, observed: { observed, failure } }: Change): Promise<void> {
    if (observed === instance.observed) return;
    const [running]: unknown[] = await manager.query('select 1 from deployments where id = $1 and finished_at is null', [instance.deploymentId]);
    if (!running) return;
    const name = `${instance.processType}.${instance.index}`;
    const after = observed === 'healthy' ? ` after ${Date.now() - instance.createdAt.getTime()} ms` : '';
    const isTroubled = observed === 'failed' || observed === 'unhealthy' || observed === 'backing_off';
    const text = failure && isTroubled ? failure.detail : `${name} is ${observed.replaceAll('_', ' ')}${after}`;
    await this.journal.step(manager, instance.deploymentId, `instance.${observed}`, text, { instance: instance.id, name });
  }

  /** One that was healthy has ended: it counts a restart, and may be healthy again before it is reported. */
  async #died(manager: EntityManager, { instance, observed }: Change): Promise<boolean> {
    if (instance.runsOnce || observed.restarts <= instance.restarts) return false;
    const { restarts, exitCode, outOfMemory, failure, lastLines } = observed;
    return this.settling.died(manager, Object.assign(new Instance(), instance, { restarts, exitCode, outOfMemory, failure, lastLines }));
  }

  /** @returns the environments whose routes changed */
  async #takeRoutes(manager: EntityManager, nodeId: string, report: ObservedNode): Promise<string[]> {
    const rows: { environment_id: string; serving: string[]; draining: number; failure: unknown }[] = await manager.query(
      'select environment_id, serving, draining, failure from observed_routes where node_id = $1',
      [nodeId],
    );
    const known = new Map(rows.map((row) => [row.environment_id, routeKey(row.serving, row.draining, row.failure)]));
    const changed = report.routes.filter((route) => known.get(route.environmentId) !== routeKey(route.serving, route.draining, route.failure));
    for (const route of changed) await this.#writeRoute(manager, nodeId, report.generation, route);
    return changed.map((route) => route.environmentId);
  }

  async #writeRoute(manager: EntityManager, nodeId: string, generation: number, route: ObservedRoute): Promise<void> {
    await manager.query(
      `insert into observed_routes (environment_id, node_id, serving, draining, failure, generation, observed_at)
       select id, $2, $3, $4, $5, $6, now() from environments where id = $1
       on conflict (environment_id, node_id) do update set serving = excluded.serving, draining = excluded.draining,
         failure = excluded.failure, generation = excluded.generation, observed_at = now()`,
      [route.environmentId, nodeId, route.serving, route.draining, route.failure === null ? null : JSON.stringify(route.failure), generation],
    );
  }

  async #takeTraffic(manager: EntityManager, nodeId: string, traffic: readonly TrafficCount[]): Promise<void> {
    for (const count of traffic) {
      await manager.query(
        `insert into traffic_counts (deployment_id, node_id, counts) select id, $2, $3 from deployments where id = $1
         on conflict (deployment_id, node_id) do update set counts = excluded.counts`,
        [count.deploymentId, nodeId, JSON.stringify(count)],
      );
    }
  }

  async #tell(manager: EntityManager, environmentIds: ReadonlySet<string>): Promise<void> {
    if (environmentIds.size === 0) return;
    const rows: { deployment_id: string | null; app: string }[] = await manager.query(
      `select e.active_deployment_id as deployment_id, a.name as app from environments e join apps a on a.id = e.app_id where e.id = any($1)`,
      [[...environmentIds]],
    );
    for (const { deployment_id: deploymentId, app } of rows) {
      if (deploymentId) await this.wakeUps.wake(manager, deploymentId);
      await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app }));
    }
  }
}

function isNewer(node: Node, report: ObservedNode): boolean {
  const started = Date.parse(report.agentStartedAt);
  const known = node.agentStartedAt?.getTime() ?? 0;
  return started > known || (started === known && report.seq > Number(node.observedSeq));
}

function isSame(instance: Instance, observed: ObservedInstance): boolean {
  return (
    instance.observed === observed.observed &&
    instance.containerId === observed.containerId &&
    instance.address === observed.address &&
    instance.restarts === observed.restarts &&
    instance.exitCode === observed.exitCode &&
    instance.outOfMemory === observed.outOfMemory &&
    JSON.stringify(instance.failure) === JSON.stringify(observed.failure)
  );
}

function routeKey(serving: readonly string[], draining: number, failure: unknown): string {
  return JSON.stringify([serving.toSorted(), draining, failure]);
}
