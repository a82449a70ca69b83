import { Injectable } from '@nestjs/common';
import { type Actor, defaultEnvironment, type EnvironmentSummary } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Addresses } from '../addresses.js';
import { undoneBy } from '../deployments/deployment-views.js';
import type { App } from './app.entity.js';

interface Row {
  app_id: string;
  name: string;
  protected: boolean;
  awaiting: number;
  live: { number: number; version: string | null; by: Actor } | null;
  live_since: Date | null;
  active: EnvironmentSummary['activeDeployment'];
  last: EnvironmentSummary['lastDeployment'];
  wanted: number;
  healthy: number;
}

/**
 * How the environments of apps stand. It reads the tables of other features in one query: asked one by one, a page of apps
 * would cost hundreds.
 */
@Injectable()
export class EnvironmentSummaries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly addresses: Addresses,
  ) {}

  async ofApps(apps: readonly App[]): Promise<Map<string, EnvironmentSummary[]>> {
    const names = new Map(apps.map((app) => [app.id, app.name]));
    const rows: Row[] = apps.length === 0 ? [] : await this.dataSource.query(summariesOfApps, [[...names.keys()], defaultEnvironment]);
    const summaries = new Map<string, EnvironmentSummary[]>();
    for (const row of rows) summaries.set(row.app_id, [...(summaries.get(row.app_id) ?? []), this.summaryOf(row, names.get(row.app_id) ?? '')]);
    return summaries;
  }

  private summaryOf(row: Row, app: string): EnvironmentSummary {
    return {
      name: row.name,
      protected: row.protected,
      url: this.addresses.url(this.addresses.builtInHost(app, row.name)),
      liveRelease: row.live && row.live_since && { ...row.live, since: row.live_since.toISOString() },
      activeDeployment: row.active,
      lastDeployment: row.last,
      awaitingApproval: row.awaiting,
      instances: { wanted: row.wanted, healthy: row.healthy },
    };
  }
}

const summariesOfApps = `
  select e.app_id, e.name, e.protected,
    (select count(*)::int from deployments w where w.environment_id = e.id and w.finished_at is null and w.needs_approval and w.state = 'awaiting_approval') as awaiting,
    case when r.id is null then null else json_build_object('number', r.number, 'version', r.version, 'by', coalesce(serving.actor, r.created_by)) end as live,
    coalesce(serving.finished_at, serving.state_since, r.created_at) as live_since,
    case when active.id is null then null else json_build_object('id', active.id, 'state', active.state) end as active,
    last.summary as last, counts.wanted, counts.healthy
  from environments e
    left join releases r on r.id = e.live_release_id
    left join deployments serving on serving.id = e.serving_deployment_id
    left join deployments active on active.id = e.active_deployment_id and active.finished_at is null
    left join lateral (
      select json_build_object('id', d.id, 'state', d.state, 'failure', d.failure, 'undoes', ${undoneBy('d')}) as summary
      from deployments d where d.environment_id = e.id order by d.created_at desc limit 1) last on true
    cross join lateral (
      select count(*)::int as wanted, (count(*) filter (where i.observed = 'healthy'))::int as healthy
      from instances i
      where i.environment_id = e.id and i.gone_at is null and i.deployment_id = e.serving_deployment_id
        and i.desired = 'running' and not i.runs_once) counts
  where e.app_id = any($1) and e.deleted_at is null
  order by e.name <> $2, e.name`;
