import { Injectable } from '@nestjs/common';
import type { Failure, InstanceDesired, InstanceObserved, ObservedInstance, ObservedNode, ObservedRoute, TrafficCount } from '@molo/contracts';
import type { EntityManager } from 'typeorm';

/** An instance as its node's reports left it. */
export interface KnownInstance {
  readonly id: string;
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

/** An agent's last words arrive seconds after its end; in that time no more than a few others start. */
const rememberedSessions = 20;

/** What reports are compared with, and what they leave: one statement for all that is of one kind. */
@Injectable()
export class ObservedRows {
  /** Those of a node that are not gone: all, or these. In the order of their deployments, which are locked one after the other. */
  async instances(manager: EntityManager, nodeId: string, ids: readonly string[] | null): Promise<KnownInstance[]> {
    if (ids?.length === 0) return [];
    return manager.query(
      `select i.id, i.environment_id as "environmentId", i.deployment_id as "deploymentId", i.process_type as "processType", i.index, i.runs_once as "runsOnce",
         i.desired, i.serving, i.observed, i.container_id as "containerId", i.address, i.restarts, i.exit_code as "exitCode", i.out_of_memory as "outOfMemory",
         i.failure, i.last_lines as "lastLines", i.created_at as "createdAt", d.finished_at is not null as "isDeploymentOver"
       from instances i join deployments d on d.id = i.deployment_id
       where i.node_id = $1 and i.gone_at is null ${ids === null ? '' : 'and i.id = any($2)'} order by i.deployment_id`,
      ids === null ? [nodeId] : [nodeId, ids],
    );
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
  async writeRoutes(manager: EntityManager, nodeId: string, generation: number, routes: readonly ObservedRoute[]): Promise<string[]> {
    if (routes.length === 0) return [];
    const changed: { environment_id: string }[] = await manager.query(
      `insert into observed_routes as known (environment_id, node_id, serving, draining, failure, generation, observed_at)
       select e.id, $1, o.serving, o.draining, o.failure, $2, now()
       from jsonb_to_recordset($3) as o ("environmentId" uuid, serving uuid[], draining integer, failure jsonb) join environments e on e.id = o."environmentId" order by e.id
       on conflict (environment_id, node_id) do update set serving = excluded.serving, draining = excluded.draining,
         failure = excluded.failure, generation = excluded.generation, observed_at = now()
       where (known.serving, known.draining, known.failure) is distinct from (excluded.serving, excluded.draining, excluded.failure)
       returning environment_id`,
      [nodeId, generation, JSON.stringify(routes.map((route) => ({ ...route, serving: route.serving.toSorted() })))],
    );
    return changed.map((row) => row.environment_id);
  }

  async writeTraffic(manager: EntityManager, nodeId: string, traffic: readonly TrafficCount[]): Promise<void> {
    if (traffic.length === 0) return;
    await manager.query(
      `insert into traffic_counts (deployment_id, node_id, counts)
       select d.id, $1, o.counts from jsonb_array_elements($2) as o (counts) join deployments d on d.id = (o.counts->>'deploymentId')::uuid order by d.id
       on conflict (deployment_id, node_id) do update set counts = excluded.counts`,
      [nodeId, JSON.stringify(traffic)],
    );
  }

  /** The node's own row is the last: it holds up nobody until the commit. @returns whether this report is the next of those that were taken */
  async writeNode(manager: EntityManager, nodeId: string, report: ObservedNode): Promise<boolean> {
    const [, taken]: [unknown, number] = await manager.query(
      `update nodes set observed_seq = $3, applied_generation = $4, last_seen_at = $6,
         agent_sessions = case when agent_sessions[1] = $2 then agent_sessions else ($2::uuid || agent_sessions)[1:${rememberedSessions}] end
       where id = $1 and case when $5::bigint is null then $2 <> all(agent_sessions) or (agent_sessions[1] = $2 and observed_seq < $3)
         else agent_sessions[1] = $2 and observed_seq = $5 end`,
      [nodeId, report.session, report.seq, report.generation, report.after, new Date()],
    );
    return taken > 0;
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
