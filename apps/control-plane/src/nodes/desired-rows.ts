import type { AppManifest, Commit, InstanceDesired } from '@molo/contracts';

export interface InstanceRow {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  readonly environment_id: string;
  readonly deployment_id: string;
  readonly release_id: string;
  readonly number: number;
  readonly config_encrypted: string;
  readonly version: string | null;
  readonly commit: Commit | null;
  readonly process_type: string;
  readonly index: number;
  readonly desired: InstanceDesired;
  readonly runs_once: boolean;
  readonly command: string | null;
  readonly digest: string;
  readonly engine_image_id: string;
  readonly manifest: AppManifest;
}

export interface RouteRow {
  readonly environment_id: string;
  readonly app: string;
  readonly environment: string;
  readonly domains: readonly string[];
  readonly release: number | null;
  readonly serving: readonly string[];
  readonly counting: string | null;
}

/** What a node is to be, read in one statement: the generation is that of the facts beside it. */
export interface DesiredRows {
  readonly generation: string;
  readonly instances: readonly InstanceRow[];
  readonly routes: readonly RouteRow[];
}

/** The generation in which it changed last; null: it changed since generations were given out last. */
interface Changed {
  readonly changed: number | null;
}

/** What is new for some nodes, read in one statement. `n` is the place of a node among them, from 1. */
export interface ChangedRows {
  readonly generation: string;
  readonly instances: readonly (InstanceRow & { readonly n: number })[];
  readonly gone_instances: readonly { readonly n: number; readonly id: string }[];
  /** Whether there is something that has its generation, so that the node is to hear of it. */
  readonly nodes: readonly { readonly n: number; readonly isConcerned: boolean; readonly isIngress: boolean }[];
  /** For all ingresses among them, since the earliest generation that one of these has. */
  readonly routes: readonly (RouteRow & Changed)[];
  readonly gone_environments: readonly (Changed & { readonly id: string })[];
}

const instance = `
  select i.id, a.name as app, e.name as environment, e.id as environment_id, i.deployment_id, i.release_id, r.number, r.config_encrypted, r.version, r.commit,
    i.process_type, i.index, i.desired, i.runs_once, i.command, img.digest, img.engine_image_id, img.manifest
  from instances i join environments e on e.id = i.environment_id join apps a on a.id = e.app_id
    join releases r on r.id = i.release_id join images img on img.id = r.image_id`;

/** The release is that of the instances that take requests; where the app has none, the one that is live. */
const route = `
  select e.id as environment_id, a.name as app, e.name as environment, coalesce(serving.release, live.number) as release,
    coalesce(own.hosts, '{}') as domains, coalesce(serving.ids, '{}') as serving, active.id as counting
  from environments e join apps a on a.id = e.app_id left join releases live on live.id = e.live_release_id
    left join deployments active on active.id = e.active_deployment_id and active.started_at is not null`;

/** For one environment after the other, or for all at once. */
const besides = (join: 'each' | 'all') => {
  const [lateral, own, serving] = join === 'each' ? ['lateral', 'where environment_id = e.id', 'and i.environment_id = e.id'] : ['', '', ''];
  return `
    left join ${lateral} (select environment_id, array_agg(host order by host) as hosts from domains ${own} group by environment_id) own on own.environment_id = e.id
    left join ${lateral} (select i.environment_id, array_agg(i.id order by i.id) as ids, max(r.number) as release from instances i join releases r on r.id = i.release_id
      where i.serving and i.gone_at is null ${serving} group by i.environment_id) serving on serving.environment_id = e.id`;
};

const list = (rows: string) => `(select coalesce(json_agg(row), '[]') from (${rows}) row)`;
const inRole = (role: string, value: string) => `case when '${role}' = any(n.roles) then ${value} else '[]'::json end`;

/** The parameter is the node. */
export const wholeSet = `
  select d.generation,
    ${inRole('instances', list(`${instance} where i.node_id = n.id and i.gone_at is null order by i.created_at, i.id`))} as instances,
    ${inRole('ingress', list(`${route} ${besides('all')} where e.deleted_at is null order by a.name, e.name`))} as routes
  from nodes n, desired_generation d where n.id = $1`;

/** What is marked and has no generation yet is told as it is; it comes once more when it has one. Two looks into an index each, where an `or` is read as a part of the whole table. */
const changed = (columns: string, from: string, since: string) => `(select ${columns} from ${from} generation > ${since} union all select ${columns} from ${from} generation is null)`;
const changedInstances = changed('asks.n, asks.runs, i.id, i.gone_at', 'asks join instances i on i.node_id = asks.node where', 'asks.since');
const changedRoutes = changed('environment_id, generation', 'route_changes where', '(select min(since) from asks where is_ingress)');
const isConcerned = `exists (select 1 from instances i where i.node_id = asks.node and i.generation > asks.since)
  or (asks.is_ingress and exists (select 1 from route_changes where generation > asks.since))`;

/** `offset 0` has PostgreSQL look each row up by itself: of how many change it knows nothing, and else it reads the tables whole. */
const each = (rows: string, columns: string, order: string, changes: string, found: string) => `select ${columns}, row.* from ${changes} changed cross join lateral (${rows} where ${found} offset 0) row order by ${order}`;
const anyIngress = (rows: string) => `case when exists (select 1 from asks where is_ingress) then ${rows} else '[]'::json end`;

/** The parameters are the nodes, and the generation since when for each. */
export const changesSince = `
  with asks as materialized (select given.n::integer as n, n.id as node, since, 'ingress' = any(n.roles) as is_ingress, 'instances' = any(n.roles) as runs
    from unnest($1::uuid[], $2::bigint[]) with ordinality as given (node, since, n) join nodes n on n.id = given.node)
  select d.generation,
    ${list(each(instance, 'changed.n', 'n, id', changedInstances, 'changed.runs and i.id = changed.id and i.gone_at is null'))} as instances,
    ${list(`select n, id from ${changedInstances} changed where gone_at is not null`)} as gone_instances,
    ${list(`select n, is_ingress as "isIngress", ${isConcerned} as "isConcerned" from asks`)} as nodes,
    ${anyIngress(list(each(`${route} ${besides('each')}`, 'changed.generation as changed', 'app, environment', changedRoutes, 'e.id = changed.environment_id and e.deleted_at is null')))} as routes,
    ${anyIngress(list(each('select e.id from environments e', 'changed.generation as changed', 'id', changedRoutes, 'e.id = changed.environment_id and e.deleted_at is not null')))} as gone_environments
  from desired_generation d`;
