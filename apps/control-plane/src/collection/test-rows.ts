import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';

/** Rows as the platform writes them, for specs of what is kept of them. */
export class Rows {
  constructor(private readonly dataSource: DataSource) {}

  async image(appId: string): Promise<string> {
    const id = randomUUID();
    await this.dataSource.query(
      `insert into images (id, app_id, digest, engine_image_id, tree_id, bytes, layers, manifest) values ($1, $2, $3, $3, 'tree', 1, '[]', '{"processes": {}}')`,
      [id, appId, digestOf(id)],
    );
    return id;
  }

  async build(appId: string, imageId: string | null, state: 'building' | 'failed' | 'succeeded'): Promise<string> {
    const id = randomUUID();
    await this.dataSource.query(
      `insert into builds (id, app_id, state, commit_id, tree_id, source_digest, source_bytes, image_id, finished_at)
       values ($1, $2, $3, '', '', '', 0, $4, case when $3 <> 'building' then now() end)`,
      [id, appId, state, imageId],
    );
    return id;
  }

  async release(environmentId: string, number: number, imageId: string): Promise<string> {
    const id = randomUUID();
    await this.dataSource.query(
      `insert into releases (id, environment_id, number, image_id, config_encrypted, config_keys, formation, reason, created_by)
       values ($1, $2, $3, $4, '', '{}', '{}', 'push', '{}')`,
      [id, environmentId, number, imageId],
    );
    return id;
  }

  /** One that has begun; it ended `endedDaysAgo`, unless that is null. */
  async deployment(environmentId: string, state: string, facts: { releaseId?: string; buildId?: string; endedDaysAgo?: number | null }): Promise<string> {
    const id = randomUUID();
    await this.dataSource.query(
      `insert into deployments (id, environment_id, state, reason, release_id, build_id, actor, started_at, finished_at)
       values ($1, $2, $3, 'push', $4, $5, '{}', now(), now() - make_interval(days => $6))`,
      [id, environmentId, state, facts.releaseId ?? null, facts.buildId ?? null, facts.endedDaysAgo ?? null],
    );
    return id;
  }

  async instance(environmentId: string, deploymentId: string, releaseId: string, isGone = false): Promise<string> {
    const id = randomUUID();
    const nodeId = await this.#node();
    await this.dataSource.query(
      `insert into instances (id, environment_id, deployment_id, release_id, node_id, process_type, index, runs_once, desired, gone_at)
       values ($1, $2, $3, $4, $5, 'web', 1, false, 'draining', case when $6 then now() end)`,
      [id, environmentId, deploymentId, releaseId, nodeId, isGone],
    );
    return id;
  }

  async #node(): Promise<string> {
    await this.dataSource.query(`insert into nodes (id, name, token_hash, roles) values ($1, 'local', 'hash', '{}') on conflict do nothing`, [randomUUID()]);
    const [node]: { id: string }[] = await this.dataSource.query('select id from nodes limit 1');
    return node!.id;
  }
}

export function digestOf(imageId: string): string {
  return `sha256:${imageId.replaceAll('-', '').repeat(2)}`;
}
