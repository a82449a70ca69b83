import { Injectable } from '@nestjs/common';
import { AppError, type Build as BuildView, type Deployment as DeploymentView } from '@molo/contracts';
import { DataSource } from 'typeorm';
import type { PositionInTime } from '../rest/page.js';

interface Row {
  id: string;
  app: string;
  environment: string;
  state: DeploymentView['state'];
  reason: DeploymentView['reason'];
  number: number | null;
  version: string | null;
  commit: DeploymentView['commit'];
  actor: DeploymentView['actor'];
  failure: DeploymentView['failure'];
  undoes: DeploymentView['undoes'];
  promoted_from: DeploymentView['promotedFrom'];
  approval: (Omit<NonNullable<DeploymentView['approval']>, 'at'> & { at: string | null }) | null;
  receipt: DeploymentView['receipt'];
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  build: (Omit<BuildView, 'createdAt' | 'startedAt' | 'finishedAt'> & { createdAt: string; startedAt: string | null; finishedAt: string | null }) | null;
}

/** In SQL: what the deployment under this name undoes, for a query's list of columns. */
export function undoneBy(deployment: string): string {
  return `(select json_build_object('deploymentId', undone.id, 'release', json_build_object('number', ur.number, 'version', ur.version), 'failure', undone.failure)
    from deployments undone join releases ur on ur.id = undone.release_id where undone.id = ${deployment}.undoes_deployment_id)`;
}

/** In SQL: where the deployment under this name has its image from, if it is a promotion. */
export function promotedFrom(deployment: string): string {
  return `case when ${deployment}.reason = 'promotion' then (select json_build_object('environment', se.name, 'release', json_build_object('number', sr.number, 'version', sr.version))
    from releases sr join environments se on se.id = sr.environment_id where sr.id = ${deployment}.source_release_id) end`;
}

const select = `
  select d.id, a.name as app, e.name as environment, d.state, d.reason, r.number, coalesce(r.version, d.version_tag) as version, coalesce(d.commit, r.commit) as commit, d.actor, d.failure, d.receipt,
    d.created_at, d.started_at, d.finished_at,
    ${undoneBy('d')} as undoes, ${promotedFrom('d')} as promoted_from,
    (select json_build_object('decision', decision, 'by', decided_by, 'at', decided_at, 'word', word) from approvals where deployment_id = d.id) as approval,
    case when b.id is null then null else json_build_object('id', b.id, 'state', b.state, 'treeId', b.tree_id, 'reused', b.reused, 'failure', b.failure,
      'createdAt', b.created_at, 'startedAt', b.started_at, 'finishedAt', b.finished_at) end as build
  from deployments d join environments e on e.id = d.environment_id join apps a on a.id = e.app_id
    left join releases r on r.id = d.release_id left join builds b on b.id = d.build_id`;

/** Deployments as the outside sees them. */
@Injectable()
export class DeploymentViews {
  constructor(private readonly dataSource: DataSource) {}

  async one(id: string): Promise<DeploymentView> {
    const [row]: Row[] = await this.dataSource.query(`${select} where d.id = $1`, [id]);
    if (!row) throw new AppError('not_found', { detail: `There is no deployment ${id}. "molo deployments" lists those there are.` });
    return viewOf(row);
  }

  /** Newest first, `limit` and one more. */
  async list(environmentId: string, limit: number, before: PositionInTime | null): Promise<DeploymentView[]> {
    const rows: Row[] = await this.dataSource.query(
      `${select} where d.environment_id = $1 and ($2::timestamptz is null or (d.created_at, d.id) < ($2, $3::uuid))
       order by d.created_at desc, d.id desc limit $4`,
      [environmentId, before?.at ?? null, before?.id ?? null, limit + 1],
    );
    return rows.map(viewOf);
  }

  /** Of all environments that are there, newest first, `limit` and one more. @param appIds the apps to choose from; null for all */
  async awaitingApproval(appIds: readonly string[] | null, limit: number, before: PositionInTime | null): Promise<DeploymentView[]> {
    const rows: Row[] = await this.dataSource.query(
      `${select} where d.state = 'awaiting_approval' and d.finished_at is null and d.needs_approval and e.deleted_at is null
         and ($1::uuid[] is null or e.app_id = any($1)) and ($2::timestamptz is null or (d.created_at, d.id) < ($2, $3::uuid))
       order by d.created_at desc, d.id desc limit $4`,
      [appIds, before?.at ?? null, before?.id ?? null, limit + 1],
    );
    return rows.map(viewOf);
  }
}

function viewOf(row: Row): DeploymentView {
  return {
    id: row.id,
    app: row.app,
    environment: row.environment,
    state: row.state,
    reason: row.reason,
    release: row.number === null ? null : { number: row.number, version: row.version },
    commit: row.commit,
    build: row.build && {
      ...row.build,
      createdAt: iso(row.build.createdAt)!,
      startedAt: iso(row.build.startedAt),
      finishedAt: iso(row.build.finishedAt),
    },
    actor: row.actor,
    failure: row.failure,
    undoes: row.undoes,
    promotedFrom: row.promoted_from,
    approval: row.approval && { ...row.approval, at: iso(row.approval.at) },
    receipt: row.receipt,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

/** Times inside JSON that PostgreSQL made have its own offset and digits. */
function iso(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
