import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Resources } from '@molo/contracts';
import type { EntityManager, QueryRunner } from 'typeorm';
import { send } from '../database/gathering.js';
import { SetStatement } from '../database/set-statement.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import type { Node } from '../nodes/node.entity.js';
import { isOnline, NodesService } from '../nodes/nodes.service.js';
import { type Candidate, type Placement, placeAll } from '../nodes/placement.js';
import type { Image } from '../images/image.entity.js';
import type { Release } from '../releases/release.entity.js';
import { type Instance, instanceColumns } from './instance.entity.js';

/** Among so many some have room nearly always, and of each what runs there is summed up for each placement. */
const mostLookedAt = 8;

export interface WantedProcess {
  readonly processType: string;
  readonly count: number;
  readonly runsOnce: boolean;
  /** Instances of another deployment that stand for some of the count. */
  readonly kept: readonly Instance[];
}

type Untwinned = Omit<Candidate, 'twins'>;

export type InstanceOnNode = Instance & Pick<Node, 'lastSeenAt'>;

interface OfDeployment {
  readonly deploymentId: string;
}

interface OfEnvironment {
  readonly environmentId: string;
}

interface SomeOfEnvironment extends OfEnvironment {
  readonly instanceIds: readonly string[];
}

const columns = instanceColumns('i');
const findOfDeployment = new SetStatement<OfDeployment, Instance>({ deploymentId: 'uuid' }, `select n, ${columns} from given join instances i on i.deployment_id = "deploymentId" order by i.process_type, i.index`);
const findWithNodes = new SetStatement<OfDeployment, InstanceOnNode>(
  { deploymentId: 'uuid' },
  `select given.n, ${columns}, node.last_seen_at as "lastSeenAt" from given join instances i on i.deployment_id = "deploymentId" join nodes node on node.id = i.node_id order by i.process_type, i.index`,
);
const findOfOthers = new SetStatement<OfEnvironment & OfDeployment, Instance>(
  { environmentId: 'uuid', deploymentId: 'uuid' },
  `select n, ${columns} from given join instances i on i.environment_id = "environmentId" where i.deployment_id <> "deploymentId" and i.gone_at is null`,
);
const holdInstances = new SetStatement<OfEnvironment, Instance>(
  { environmentId: 'uuid' },
  `select n, ${columns} from given join instances i on i.environment_id = "environmentId" where i.gone_at is null order by i.id for no key update of i`,
);
const addInstances = new SetStatement<OfEnvironment & OfDeployment & Pick<Instance, 'releaseId' | 'processType' | 'runsOnce' | 'command'> & { readonly memoryBytes: number; readonly places: readonly object[] }>(
  { places: 'jsonb', environmentId: 'uuid', deploymentId: 'uuid', releaseId: 'uuid', processType: 'text', runsOnce: 'boolean', command: 'text', memoryBytes: 'bigint' },
  `insert into instances (id, environment_id, deployment_id, release_id, node_id, process_type, index, runs_once, command, memory_bytes, desired)
   select place.id, "environmentId", "deploymentId", "releaseId", place.node, "processType", place.index, "runsOnce", command, "memoryBytes", 'running'
   from given, jsonb_to_recordset(places) as place (id uuid, index integer, node uuid)`,
);

/** In SQL: all of the environments, in the order in which reports lock them, so that nobody waits for each other. */
const locked = 'locked as materialized (select i.id, n from given join instances i on i.environment_id = "environmentId" where i.gone_at is null order by i.id for no key update of i)';
const serveInstances = new SetStatement<SomeOfEnvironment>(
  { environmentId: 'uuid', instanceIds: 'uuid[]' },
  `, ${locked} update instances i set serving = not serving from locked join given using (n) where i.id = locked.id and i.serving <> (i.id = any("instanceIds"))`,
);
const wishInstances = new SetStatement<SomeOfEnvironment & Pick<Instance, 'desired'>>(
  { environmentId: 'uuid', instanceIds: 'uuid[]', desired: 'text' },
  `, ${locked} update instances i set desired = given.desired, serving = false, generation = null from locked join given using (n) where i.id = locked.id and i.id = any("instanceIds")`,
);
const handOnInstances = new SetStatement<SomeOfEnvironment & OfDeployment & Pick<Instance, 'releaseId'>>(
  { environmentId: 'uuid', instanceIds: 'uuid[]', deploymentId: 'uuid', releaseId: 'uuid' },
  `, ${locked} update instances i set deployment_id = "deploymentId", release_id = "releaseId", generation = null from locked join given using (n) where i.id = locked.id and i.id = any("instanceIds")`,
);

/** `offset 0` has PostgreSQL look each node up by itself, however many it expects. */
const findCandidates = new SetStatement<{ readonly nodeIds: readonly string[] }, Omit<Candidate, 'online' | 'twins'> & { lastSeenAt: Date | null }>(
  { nodeIds: 'uuid[]' },
  `select given.n, node.id as "nodeId", node.name, node.availability <> 'active' as "isCordoned", node.last_seen_at as "lastSeenAt", (node.figures->>'memoryBytes')::float8 as "memoryBytes", coalesce(running.promised, 0)::float8 as "promisedBytes"
   from given cross join lateral (select * from nodes where nodes.id = any("nodeIds") offset 0) node cross join lateral (
     select sum(memory_bytes) as promised from instances where node_id = node.id and gone_at is null and desired = 'running' offset 0) running
   where 'instances' = any(node.roles)`,
);

/** Writes what is wanted of instances; what is observed of them comes from the agents' reports. */
@Injectable()
export class InstancesService {
  /** Bytes by node, of transactions that are under way. */
  readonly #promised = new WeakMap<QueryRunner, Map<string, number>>();

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
    const candidates = await this.#candidates(manager, spec.resources, missing.length);
    const placements = this.#place(manager, withTwins(candidates, wanted.processType, [...existing, ...wanted.kept]), spec.resources, missing.length);
    const placed = missing.map((index, position) => ({ id: randomUUID(), index, placement: placements[position]! }));
    const { processType, runsOnce } = wanted;
    const places = placed.map(({ id, index, placement: { nodeId: node } }) => ({ id, index, node }));
    await send(manager, addInstances, { places, environmentId: release.environmentId, deploymentId, releaseId: release.id, processType, runsOnce, command: spec.command, memoryBytes: spec.resources.memoryBytes });
    this.#promise(manager, placements, -spec.resources.memoryBytes);
    this.changes.marked(manager);
    return placed.map(({ index, placement }) => ({ name: `${wanted.processType}.${index}`, placement }));
  }

  /** Makes instances of another deployment those of this one. */
  async handOn(manager: EntityManager, instances: readonly Instance[], deploymentId: string, releaseId: string): Promise<void> {
    if (instances.length === 0) return;
    await send(manager, handOnInstances, { environmentId: instances[0]!.environmentId, instanceIds: instances.map(({ id }) => id), deploymentId, releaseId });
    this.changes.marked(manager);
  }

  async ofDeployment(manager: EntityManager, deploymentId: string): Promise<Instance[]> {
    return send(manager, findOfDeployment, { deploymentId });
  }

  /** Those of a deployment, with what their nodes said last. */
  async withNodes(manager: EntityManager, deploymentId: string): Promise<InstanceOnNode[]> {
    return send(manager, findWithNodes, { deploymentId });
  }

  /** Instances of an environment that still exist and belong to other deployments. */
  async ofOthers(manager: EntityManager, environmentId: string, deploymentId: string): Promise<Instance[]> {
    return send(manager, findOfOthers, { environmentId, deploymentId });
  }

  /** All of an environment that still exist, locked. */
  async hold(manager: EntityManager, environmentId: string): Promise<Instance[]> {
    // What was marked while this holds it is passed over, and stamped once it is let go.
    this.changes.marked(manager);
    return send(manager, holdInstances, { environmentId });
  }

  /** Sends new requests to these instances of the environment and to no others. */
  async serve(manager: EntityManager, environmentId: string, instanceIds: readonly string[]): Promise<void> {
    await send(manager, serveInstances, { environmentId, instanceIds });
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
    await send(manager, wishInstances, { environmentId: instances[0]!.environmentId, instanceIds: instances.map(({ id }) => id), desired });
    this.changes.marked(manager);
    await this.changes.routes(manager, instances.filter((instance) => instance.serving).map((instance) => instance.environmentId));
  }

  /**
   * Nodes to choose from for `count` instances. Of a large fleet some at random: among so many one with much free memory is
   * nearly always, and what runs on all nodes need not be summed up each time. Where none of them will do, all are looked at.
   */
  async #candidates(manager: EntityManager, { memoryBytes }: Resources, count: number): Promise<Untwinned[]> {
    const ids = await this.nodes.idsInRole(manager, 'instances');
    const some = sampleOf(ids, Math.max(mostLookedAt, count + 1));
    const candidates = await this.#look(manager, some);
    const fitting = candidates.filter((node) => node.online && !node.isCordoned && (node.memoryBytes ?? Infinity) >= memoryBytes).length;
    // As many as there are instances, so that each can have its own.
    if (fitting >= count || (fitting > 0 && some.length === ids.length)) return candidates;
    return this.#look(manager, await this.nodes.idsInRole(manager, 'instances', { afresh: true }));
  }

  /** Those who share a transaction have looked at once: each is placed with what the ones before it were promised since. */
  #place(manager: EntityManager, candidates: readonly Candidate[], resources: Resources, count: number): Placement[] {
    const promised = this.#promisedIn(manager);
    const left = candidates.map((node) => ({ ...node, promisedBytes: node.promisedBytes + (promised.get(node.nodeId) ?? 0) }));
    const placements = placeAll(left, resources, count);
    this.#promise(manager, placements, resources.memoryBytes);
    return placements;
  }

  /** Until it is in the database, where the next look sees it. */
  #promise(manager: EntityManager, placements: readonly Placement[], bytes: number): void {
    const promised = this.#promisedIn(manager);
    for (const { nodeId } of placements) promised.set(nodeId, (promised.get(nodeId) ?? 0) + bytes);
  }

  #promisedIn({ queryRunner }: EntityManager): Map<string, number> {
    const known = queryRunner && this.#promised.get(queryRunner);
    const promised = known ?? new Map<string, number>();
    if (queryRunner) this.#promised.set(queryRunner, promised);
    return promised;
  }

  async #look(manager: EntityManager, nodeIds: readonly string[]): Promise<Untwinned[]> {
    const rows = await send(manager, findCandidates, { nodeIds });
    return rows.map(({ lastSeenAt, ...row }) => ({ ...row, online: isOnline({ lastSeenAt }) }));
  }
}

function withTwins(candidates: readonly Untwinned[], processType: string, staying: readonly Instance[]): Candidate[] {
  return candidates.map((node) => ({ ...node, twins: staying.filter((instance) => instance.nodeId === node.nodeId && instance.processType === processType).length }));
}

/** Any `count` of them, each as likely as the other. */
function sampleOf<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (items.length <= count) return items;
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(Math.floor(Math.random() * left.length), 1)[0]!);
}
