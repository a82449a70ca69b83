import { Injectable } from '@nestjs/common';
import type { Failure, InstanceDesired, InstanceObserved, ObservedInstance, ObservedNode } from '@molo/contracts';
import type { EntityManager } from 'typeorm';

/** An instance as its node's reports left it. */
export interface KnownInstance {
  readonly id: string;
  readonly nodeId: string;
  readonly environmentId: string;
  readonly deploymentId: string;
  readonly processType: string;
  readonly index: number;
  readonly runsOnce: boolean;
  readonly desired: InstanceDesired;
  readonly serving: boolean;
  readonly observed: InstanceObserved;
  readonly containerId: string | null;
  readonly address: string | null;
  readonly restarts: number;
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  readonly failure: Failure | null;
  readonly lastLines: string[];
  readonly createdAt: Date;
  readonly isDeploymentOver: boolean;
}

/** What a node's agent sees. */
export interface NodeReport {
  readonly nodeId: string;
  readonly report: ObservedNode;
}

const knownInstances = `
  select i.id, i.node_id as "nodeId", i.environment_id as "environmentId", i.deployment_id as "deploymentId", i.process_type as "processType", i.index, i.runs_once as "runsOnce",
    i.desired, i.serving, i.observed, i.container_id as "containerId", i.address, i.restarts, i.exit_code as "exitCode", i.out_of_memory as "outOfMemory",
    i.failure, i.last_lines as "lastLines", i.created_at as "createdAt", d.finished_at is not null as "isDeploymentOver"
  from instances i join deployments d on d.id = i.deployment_id where i.gone_at is null`;

/** An agent's last words arrive seconds after its end; in that time no more than a few others start. */
const rememberedSessions = 20;

/** What reports are compared with, and what they leave: one statement for all that is of one kind. */
@Injectable()
export class ObservedRows {
  /** Those of nodes that are not gone: all of these nodes, and these instances. In the order of their deployments, which are locked one after the other. */
  async instances(manager: EntityManager, nodeIds: readonly string[], ids: readonly string[]): Promise<KnownInstance[]> {
    const read = (which: string, values: readonly string[]): Promise<KnownInstance[]> | [] => (values.length === 0 ? [] : manager.query(`${knownInstances} and ${which} = any($1) order by i.deployment_id`, [values]));
    const [ofNodes, single] = await Promise.all([read('i.node_id', nodeIds), read('i.id', ids)]);
    return [...ofNodes, ...single].toSorted((a, b) => (a.deploymentId < b.deploymentId ? -1 : 1));
  }

  /** What is gone leaves the desired set with the next generation; its node knows. */
  async writeInstances(manager: EntityManager, observed: readonly ObservedInstance[]): Promise<void> {
    if (observed.length === 0) return;
    // In the order in which everybody locks them.
    if (observed.length > 1) await manager.query('select 1 from instances where id = any($1) order by id for no key update', [observed.map(({ id }) => id)]);
    await manager.query(
      `update instances i set observed = o.observed, container_id = o."containerId", address = o.address, restarts = o.restarts, exit_code = o."exitCode",
         out_of_memory = o."outOfMemory", was_healthy = i.was_healthy or o.observed = 'healthy', failure = o.failure, last_lines = o."lastLines",
         started_at = o."startedAt", observed_at = now(), gone_at = case when o.observed = 'gone' then now() end, serving = i.serving and o.observed <> 'gone',
         generation = case when o.observed <> 'gone' then i.generation end
       from jsonb_to_recordset($1) as o (id uuid, observed text, "containerId" text, address text, restarts integer, "exitCode" integer,
         "outOfMemory" boolean, failure jsonb, "lastLines" text[], "startedAt" timestamptz)
       where i.id = o.id and i.id = any($2)`,
      [JSON.stringify(observed), observed.map(({ id }) => id)],
    );
  }

  /** @returns the environments whose routes changed */
  async writeRoutes(manager: EntityManager, reports: readonly NodeReport[]): Promise<string[]> {
    const routes = reports.flatMap(({ nodeId, report: { generation, routes: seen } }) => seen.map((route) => ({ ...route, serving: route.serving.toSorted(), nodeId, generation })));
    if (routes.length === 0) return [];
    const changed: { environment_id: string }[] = await manager.query(
      `insert into observed_routes as known (environment_id, node_id, serving, draining, failure, generation, observed_at)
       select e.id, o."nodeId", o.serving, o.draining, o.failure, o.generation, now()
       from jsonb_to_recordset($1) as o ("environmentId" uuid, "nodeId" uuid, generation bigint, serving uuid[], draining integer, failure jsonb)
         join environments e on e.id = o."environmentId" order by e.id, o."nodeId"
       on conflict (environment_id, node_id) do update set serving = excluded.serving, draining = excluded.draining,
         failure = excluded.failure, generation = excluded.generation, observed_at = now()
       where (known.serving, known.draining, known.failure) is distinct from (excluded.serving, excluded.draining, excluded.failure)
       returning environment_id`,
      [JSON.stringify(routes)],
    );
    return changed.map((row) => row.environment_id);
  }

  async writeTraffic(manager: EntityManager, reports: readonly NodeReport[]): Promise<void> {
    const counts = reports.flatMap(({ nodeId, report: { traffic } }) => traffic.map((count) => ({ nodeId, deploymentId: count.deploymentId, count })));
    if (counts.length === 0) return;
    await manager.query(
      `insert into traffic_counts (deployment_id, node_id, counts)
       select d.id, o."nodeId", o.count from jsonb_to_recordset($1) as o ("nodeId" uuid, "deploymentId" uuid, count jsonb)
         join deployments d on d.id = o."deploymentId" order by d.id, o."nodeId"
       on conflict (deployment_id, node_id) do update set counts = excluded.counts`,
      [JSON.stringify(counts)],
    );
  }

  /** The nodes' own rows are the last: they hold up nobody until the commit. @returns the nodes whose report is the next of those that were taken */
  async writeNodes(manager: EntityManager, reports: readonly NodeReport[]): Promise<string[]> {
    const said = reports.map(({ nodeId: id, report: { session, seq, after, generation } }) => ({ id, session, seq, after, generation }));
    const [taken]: [{ id: string }[], number] = await manager.query(
      `with locked as (select id from nodes where id = any($3) order by id for no key update)
       update nodes n set observed_seq = o.seq, applied_generation = o.generation, last_seen_at = $2,
         agent_sessions = case when n.agent_sessions[1] = o.session then n.agent_sessions else (o.session || n.agent_sessions)[1:${rememberedSessions}] end
       from locked, jsonb_to_recordset($1) as o (id uuid, session uuid, seq bigint, after bigint, generation bigint)
       where n.id = locked.id and o.id = n.id and case when o.after is null then o.session <> all(n.agent_sessions) or (n.agent_sessions[1] = o.session and n.observed_seq < o.seq)
         else n.agent_sessions[1] = o.session and n.observed_seq = o.after end
       returning n.id`,
      [JSON.stringify(said), new Date(), said.map(({ id }) => id)],
    );
    return taken.map(({ id }) => id);
  }

  /** Whether something newer of its session was taken, so that this report is one that came too late. */
  async isOutdated(manager: EntityManager, nodeId: string, { session, seq }: ObservedNode): Promise<boolean> {
    const [row]: unknown[] = await manager.query('select 1 from nodes where id = $1 and agent_sessions[1] = $2 and observed_seq >= $3', [nodeId, session, seq]);
    return row !== undefined;
  }

  /** Of these environments: the apps, and the deployments that may wait for what was reported. */
  async concerned(manager: EntityManager, environmentIds: readonly string[]): Promise<{ app: string; deploymentId: string | null }[]> {
    if (environmentIds.length === 0) return [];
    return manager.query('select a.name as app, e.active_deployment_id as "deploymentId" from environments e join apps a on a.id = e.app_id where e.id = any($1)', [environmentIds]);
  }
}
