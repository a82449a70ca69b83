import { Injectable } from '@nestjs/common';
import { type Actor, AppError, type AppManifest, type Commit, type Formation, type ImageLayer, type Release as ReleaseView } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { promotedFrom } from '../deployments/deployment-views.js';

interface Row {
  id: string;
  app: string;
  environment: string;
  number: number;
  version: string | null;
  reason: ReleaseView['reason'];
  commit: Commit | null;
  image_id: string;
  digest: string;
  bytes: string;
  layers: ImageLayer[];
  manifest: AppManifest;
  formation: Formation;
  config_keys: string[];
  promotedFrom: ReleaseView['promotedFrom'];
  created_by: Actor;
  created_at: Date;
  deployment: ReleaseView['deployment'];
  live: boolean;
  imageKept: boolean;
}

const select = `
  select r.id, a.name as app, e.name as environment, r.number, r.version, r.reason, r.commit, img.id as image_id, img.digest, img.bytes, img.layers, img.manifest,
    r.formation, r.config_keys, r.created_by, r.created_at, coalesce(e.live_release_id = r.id, false) as live, img.stored and img.collected_at is null as "imageKept",
    case when r.reason = 'promotion' then (select ${promotedFrom('d')} from deployments d where d.release_id = r.id order by d.created_at limit 1) end as "promotedFrom",
    (select json_build_object('id', d.id, 'state', d.state, 'receipt', d.receipt) from deployments d where d.release_id = r.id order by d.created_at desc limit 1) as deployment
  from releases r join environments e on e.id = r.environment_id join apps a on a.id = e.app_id join images img on img.id = r.image_id`;

/** Releases as the outside sees them. */
@Injectable()
export class ReleaseViews {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  async one(environmentId: string, number: number): Promise<ReleaseView> {
    const [row]: Row[] = await this.dataSource.query(`${select} where r.environment_id = $1 and r.number = $2`, [environmentId, number]);
    if (!row) throw new AppError('not_found', { detail: `There is no release v${number} here. "molo releases" lists those there are.` });
    return this.#view(row);
  }

  /** Newest first, those below `belowNumber`; `limit` and one more. */
  async list(environmentId: string, limit: number, belowNumber: number | null): Promise<ReleaseView[]> {
    const rows: Row[] = await this.dataSource.query(
      `${select} where r.environment_id = $1 and ($2::integer is null or r.number < $2) order by r.number desc limit $3`,
      [environmentId, belowNumber, limit + 1],
    );
    return rows.map((row) => this.#view(row));
  }

  #view(row: Row): ReleaseView {
    const { image_id: id, digest, bytes, layers, config_keys: configKeys, created_by: createdBy, created_at: createdAt, ...same } = row;
    const reference = `${this.config.registryHost}/${row.app}@${digest}`;
    return { ...same, image: { id, reference, digest, bytes: Number(bytes), layers }, configKeys, createdBy, createdAt: createdAt.toISOString() };
  }
}
