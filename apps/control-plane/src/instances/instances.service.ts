import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Resources } from '@molo/contracts';
import { type EntityManager, In, IsNull, Not } from 'typeorm';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { isOnline, offlineAfterMs } from '../nodes/nodes.service.js';
import { type Candidate, type Placement, placeAll } from '../nodes/placement.js';
import type { Image } from '../images/image.entity.js';
import type { Release } from '../releases/release.entity.js';
import { Instance } from './instance.entity.js';

const mostLookedAt = 32;

export interface WantedProcess {
  readonly processType: string;
  readonly count: number;
  readonly runsOnce: boolean;
  /** Instances of another deployment that stand for some of the count. */
  readonly kept: readonly Instance[];
}

/** Writes what is wanted of instances; what is observed of them comes from the agents' reports. */
@Injectable()
export class InstancesService {
  constructor(private readonly changes: DesiredChanges) {}

  /** Places what the deployment does not have yet. Done twice, the second time finds everything there. */
  async want(manager: EntityManager, deploymentId: string, release: Release, image: Image, wanted: WantedProcess): Promise<{ name: string; placement: Placement }[]> {
    const spec = image.manifest.processes[wanted.processType];
    if (!spec) return [];
    const existing = await manager.findBy(Instance, { deploymentId, processType: wanted.processType });
    const kept = wanted.kept.filter((instance) => instance.processType === wanted.processType);
    const taken = new Set([...existing, ...kept].map((instance) => instance.index));
    const missing = Array.from({ length: wanted.count }, (_, position) => position + 1).filter((index) => !taken.has(index));
    if (missing.length === 0) return [];
    const placements = placeAll(await this.#candidates(manager, release.environmentId, wanted.processType, spec.resources, missing.length), spec.resources, missing.length);
    const placed = missing.map((index, position) => ({ id: randomUUID(), index, placement: placements[position]! }));
    await manager.insert(Instance, placed.map(({ id, index, placement: { nodeId } }) => ({
      id,
      environmentId: release.environmentId,
      deploymentId,
      releaseId: release.id,
      nodeId,
      processType: wanted.processType,
      index,
      runsOnce: wanted.runsOnce,
      command: spec.command,
      memoryBytes: String(spec.resources.memoryBytes),
      desired: 'running' as const,
    })));
    this.changes.marked(manager);
    return placed.map(({ index, placement }) => ({ name: `${wanted.processType}.${index}`, placement }));
  }

  /** Makes instances of another deployment those of this one. */
  async handOn(manager: EntityManager, instances: readonly Instance[], deploymentId: string, releaseId: string): Promise<void> {
    if (instances.length === 0) return;
    await this.#lock(manager, instances[0]!.environmentId);
    const ids = instances.map((instance) => instance.id);
    await manager.update(Instance, { id: In(ids) }, { deploymentId, releaseId, generation: null });
    this.changes.marked(manager);
  }

  async ofDeployment(manager: EntityManager, deploymentId: string): Promise<Instance[]> {
    return manager.find(Instance, { where: { deploymentId }, order: { processType: 'ASC', index: 'ASC' } });
  }

  /** Instances of an environment that still exist and belong to other deployments. */
  async ofOthers(manager: EntityManager, environmentId: string, deploymentId: string): Promise<Instance[]> {
    return manager.findBy(Instance, { environmentId, deploymentId: Not(deploymentId), goneAt: IsNull() });
  }

  /** Sends new requests to these instances of the environment and to no others. */
  async serve(manager: EntityManager, environmentId: string, instanceIds: readonly string[]): Promise<void> {
    await this.#lock(manager, environmentId);
    await manager.query('update instances set serving = not serving where environment_id = $1 and gone_at is null and serving <> (id = any($2))', [environmentId, instanceIds]);
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
    const instances = await manager.findBy(Instance, { environmentId, goneAt: IsNull() });
    await this.stop(manager, instances);
    await this.serve(manager, environmentId, []);
  }

  /** All of the environment, in the order in which reports lock them, so that nobody waits for each other. */
  async #lock(manager: EntityManager, environmentId: string): Promise<void> {
    await manager.query('select 1 from instances where environment_id = $1 and gone_at is null order by id for no key update', [environmentId]);
  }

  async #wish(manager: EntityManager, instances: readonly Instance[], desired: 'draining' | 'stopped'): Promise<void> {
    if (instances.length === 0) return;
    const ids = instances.map((instance) => instance.id);
    await this.#lock(manager, instances[0]!.environmentId);
    await manager.update(Instance, { id: In(ids) }, { desired, serving: false, generation: null });
    this.changes.marked(manager);
    await this.changes.routes(manager, instances.filter((instance) => instance.serving).map((instance) => instance.environmentId));
  }

  /**
   * Nodes to choose from for `count` instances. Of a large fleet some at random: among so many one with much free memory is
   * nearly always, and what runs on all nodes need not be summed up each time.
   */
  async #candidates(manager: EntityManager, environmentId: string, processType: string, { memoryBytes }: Resources, count: number): Promise<Candidate[]> {
    const rows: (Omit<Candidate, 'online'> & { lastSeenAt: Date | null })[] = await manager.query(
      `with looked_at as (
         select id, name, last_seen_at, bytes from nodes cross join lateral (select (figures->>'memoryBytes')::float8 as bytes) memory where 'instances' = any(roles)
         order by last_seen_at > now() - make_interval(secs => $4) and coalesce(bytes >= $3, true) desc nulls last, random() limit $5)
       select n.id as "nodeId", n.name, n.last_seen_at as "lastSeenAt", n.bytes as "memoryBytes", coalesce(running.promised, 0)::float8 as "promisedBytes", running.twins
       from looked_at n cross join lateral (
         select sum(memory_bytes) as promised, (count(*) filter (where environment_id = $1 and process_type = $2))::integer as twins
         from instances where node_id = n.id and gone_at is null and desired = 'running') running`,
      [environmentId, processType, memoryBytes, offlineAfterMs / 1000, Math.max(mostLookedAt, count + 1)],
    );
    return rows.map(({ lastSeenAt, ...row }) => ({ ...row, online: isOnline({ lastSeenAt }) }));
  }
}
