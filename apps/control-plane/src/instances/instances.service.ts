import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Resources } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { DesiredChanges } from '../nodes/desired-changes.js';
import type { Node } from '../nodes/node.entity.js';
import { isOnline, NodesService } from '../nodes/nodes.service.js';
import { type Candidate, type Placement, placeAll } from '../nodes/placement.js';
import type { Image } from '../images/image.entity.js';
import type { Release } from '../releases/release.entity.js';
import { type Instance, instanceColumns } from './instance.entity.js';

const mostLookedAt = 16;

export interface WantedProcess {
  readonly processType: string;
  readonly count: number;
  readonly runsOnce: boolean;
  /** Instances of another deployment that stand for some of the count. */
  readonly kept: readonly Instance[];
}

export type InstanceOnNode = Instance & Pick<Node, 'lastSeenAt'>;

const columns = instanceColumns('i');
const ofDeployment = `select ${columns} from instances i where i.deployment_id = $1 order by i.process_type, i.index`;
const withNodes = `select ${columns}, n.last_seen_at as "lastSeenAt" from instances i join nodes n on n.id = i.node_id where i.deployment_id = $1 order by i.process_type, i.index`;
const ofOthers = `select ${columns} from instances i where i.environment_id = $1 and i.deployment_id <> $2 and i.gone_at is null`;
const all = `select ${columns} from instances i where i.environment_id = $1 and i.gone_at is null order by i.id for no key update`;

/** In SQL: all of an environment ($1), in the order in which reports lock them, so that nobody waits for each other. */
const lockAll = 'select id from instances where environment_id = $1 and gone_at is null order by id for no key update';

/** Writes what is wanted of instances; what is observed of them comes from the agents' reports. */
@Injectable()
export class InstancesService {
  constructor(
    private readonly changes: DesiredChanges,
    private readonly nodes: NodesService,
  ) {}

  /**
   * Places what the deployment does not have yet. Done twice, the second time finds everything there.
   * @param existing those that the deployment has
   */
  async want(manager: EntityManager, deploymentId: string, release: Release, image: Pick<Image, 'manifest'>, existing: readonly Instance[], wanted: WantedProcess): Promise<{ name: string; placement: Placement }[]> {
    const spec = image.manifest.processes[wanted.processType];
    if (!spec) return [];
    const taken = new Set([...existing, ...wanted.kept].filter(({ processType }) => processType === wanted.processType).map(({ index }) => index));
    const missing = Array.from({ length: wanted.count }, (_, position) => position + 1).filter((index) => !taken.has(index));
    if (missing.length === 0) return [];
    const placements = placeAll(await this.#candidates(manager, release.environmentId, wanted.processType, spec.resources, missing.length), spec.resources, missing.length);
    const placed = missing.map((index, position) => ({ id: randomUUID(), index, placement: placements[position]! }));
    await manager.query(
      `insert into instances (id, environment_id, deployment_id, release_id, node_id, process_type, index, runs_once, command, memory_bytes, desired)
       select id, $2, $3, $4, node, $5, index, $6, $7, $8, 'running' from jsonb_to_recordset($1) as placed (id uuid, index integer, node uuid)`,
      [JSON.stringify(placed.map(({ id, index, placement: { nodeId: node } }) => ({ id, index, node }))), release.environmentId, deploymentId, release.id, wanted.processType, wanted.runsOnce, spec.command, spec.resources.memoryBytes],
    );
    this.changes.marked(manager);
    return placed.map(({ index, placement }) => ({ name: `${wanted.processType}.${index}`, placement }));
  }

  /** Makes instances of another deployment those of this one. */
  async handOn(manager: EntityManager, instances: readonly Instance[], deploymentId: string, releaseId: string): Promise<void> {
    if (instances.length === 0) return;
    await manager.query(
      `with locked as (${lockAll}) update instances i set deployment_id = $3, release_id = $4, generation = null from locked where i.id = locked.id and i.id = any($2)`,
      [instances[0]!.environmentId, instances.map(({ id }) => id), deploymentId, releaseId],
    );
    this.changes.marked(manager);
  }

  async ofDeployment(manager: EntityManager, deploymentId: string): Promise<Instance[]> {
    return manager.query(ofDeployment, [deploymentId]);
  }

  /** Those of a deployment, with what their nodes said last. */
  async withNodes(manager: EntityManager, deploymentId: string): Promise<InstanceOnNode[]> {
    return manager.query(withNodes, [deploymentId]);
  }

  /** Instances of an environment that still exist and belong to other deployments. */
  async ofOthers(manager: EntityManager, environmentId: string, deploymentId: string): Promise<Instance[]> {
    return manager.query(ofOthers, [environmentId, deploymentId]);
  }

  /** All of an environment that still exist, locked. */
  async hold(manager: EntityManager, environmentId: string): Promise<Instance[]> {
    // What was marked while this holds it is passed over, and stamped once it is let go.
    this.changes.marked(manager);
    return manager.query(all, [environmentId]);
  }

  /** Sends new requests to these instances of the environment and to no others. */
  async serve(manager: EntityManager, environmentId: string, instanceIds: readonly string[]): Promise<void> {
    await manager.query(
      `with locked as (${lockAll}) update instances i set serving = not serving from locked where i.id = locked.id and i.serving <> (i.id = any($2))`,
      [environmentId, instanceIds],
    );
    await this.changes.routes(manager, [environmentId]);
  }

  /** Lets these instances finish what they have, then stop. */
  async drain(manager: EntityManager, instances: readonly Instance[]): Promise<void> {
    await this.#wish(manager, instances.filter((instance) => instance.desired === 'running'), 'draining');
  }

  /** Stops these instances now, within their grace. */
  async stop(manager: EntityManager, instances: readonly Instance[]): Promise<void> {
    await this.#wish(manager, instances.filter((instance) => instance.desired !== 'stopped'), 'stopped');
  }

  /** Stops all of an environment, as when its app is deleted. */
  async stopAll(manager: EntityManager, environmentId: string): Promise<void> {
    const instances = await this.hold(manager, environmentId);
    await this.stop(manager, instances);
    await this.serve(manager, environmentId, []);
  }

  async #wish(manager: EntityManager, instances: readonly Instance[], desired: 'draining' | 'stopped'): Promise<void> {
    if (instances.length === 0) return;
    await manager.query(
      `with locked as (${lockAll}) update instances i set desired = $3, serving = false, generation = null from locked where i.id = locked.id and i.id = any($2)`,
      [instances[0]!.environmentId, instances.map(({ id }) => id), desired],
    );
    this.changes.marked(manager);
    await this.changes.routes(manager, instances.filter((instance) => instance.serving).map((instance) => instance.environmentId));
  }

  /**
   * Nodes to choose from for `count` instances. Of a large fleet some at random: among so many one with much free memory is
   * nearly always, and what runs on all nodes need not be summed up each time. Where none of them will do, all are looked at.
   */
  async #candidates(manager: EntityManager, environmentId: string, processType: string, { memoryBytes }: Resources, count: number): Promise<Candidate[]> {
    const ids = await this.nodes.idsInRole(manager, 'instances');
    const some = sampleOf(ids, Math.max(mostLookedAt, count + 1));
    const candidates = await this.#look(manager, environmentId, processType, some);
    const fitting = candidates.filter((node) => node.online && (node.memoryBytes ?? Infinity) >= memoryBytes).length;
    // As many as there are instances, so that each can have its own.
    if (fitting >= count || (fitting > 0 && some.length === ids.length)) return candidates;
    return this.#look(manager, environmentId, processType, await this.nodes.idsInRole(manager, 'instances', { afresh: true }));
  }

  async #look(manager: EntityManager, environmentId: string, processType: string, nodeIds: readonly string[]): Promise<Candidate[]> {
    const rows: (Omit<Candidate, 'online'> & { lastSeenAt: Date | null })[] = await manager.query(
      `select n.id as "nodeId", n.name, n.last_seen_at as "lastSeenAt", (n.figures->>'memoryBytes')::float8 as "memoryBytes", coalesce(running.promised, 0)::float8 as "promisedBytes", running.twins
       from nodes n cross join lateral (
         select sum(memory_bytes) as promised, (count(*) filter (where environment_id = $1 and process_type = $2))::integer as twins
         from instances where node_id = n.id and gone_at is null and desired = 'running') running
       where n.id = any($3) and 'instances' = any(n.roles)`,
      [environmentId, processType, nodeIds],
    );
    return rows.map(({ lastSeenAt, ...row }) => ({ ...row, online: isOnline({ lastSeenAt }) }));
  }
}

/** Any `count` of them, each as likely as the other. */
function sampleOf<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (items.length <= count) return items;
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(Math.floor(Math.random() * left.length), 1)[0]!);
}
