import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Actor, AppError, type Commit, type Formation, type ReleaseReason } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { send } from '../database/gathering.js';
import { heldInOrder, SetStatement } from '../database/set-statement.js';
import { ConfigSnapshots, type ConfigSnapshot } from '../environments/config-snapshots.js';
import { Environment } from '../environments/environment.entity.js';
import type { Image } from '../images/image.entity.js';
import { SecretBox } from '../secrets/secret-box.js';
import { Release } from './release.entity.js';

/** What of an image a release is made of. */
export type ReleasedImage = Pick<Image, 'id' | 'digest' | 'stored' | 'manifest'>;

export interface NewRelease {
  readonly environmentId: string;
  readonly image: ReleasedImage;
  readonly version: string | null;
  readonly reason: ReleaseReason;
  readonly commit: Commit | null;
  readonly createdBy: Actor;
}

/** Where a release without a build comes from. */
export interface Origin {
  readonly image: ReleasedImage;
  readonly version: string | null;
  readonly commit: Commit | null;
}

/** Releases that are kept in memory, and their config, opened, for the desired sets of nodes. */
const keptInMemory = 1000;

@Injectable()
export class ReleasesService {
  readonly #known = new Map<string, Release>();
  readonly #configs = new Map<string, ConfigSnapshot>();

  constructor(
    private readonly box: SecretBox,
    private readonly snapshots: ConfigSnapshots,
  ) {}

  /** Makes the next release of an environment out of an image and the config and formation of this moment. */
  async create(manager: EntityManager, wanted: NewRelease): Promise<Release> {
    const { environmentId, image } = wanted;
    const [counted, config] = await Promise.all([this.#count(manager, environmentId), this.snapshots.take(manager, environmentId)]);
    const { number, formation } = counted;
    const release: Release = {
      id: randomUUID(),
      environmentId,
      number,
      imageId: image.id,
      configEncrypted: this.box.seal(JSON.stringify(config), releaseContext(environmentId, number)),
      configKeys: Object.keys(config),
      formation: formationOf(formation, Object.keys(image.manifest.processes)),
      version: wanted.version ?? image.manifest.version,
      reason: wanted.reason,
      commit: wanted.commit,
      createdBy: wanted.createdBy,
      createdAt: new Date(),
    };
    await send(manager, addRelease, release);
    return this.#keep(release);
  }

  configOf(release: Pick<Release, 'id' | 'environmentId' | 'number' | 'configEncrypted'>): ConfigSnapshot {
    const known = this.#configs.get(release.id);
    if (known) return known;
    const config = JSON.parse(this.box.open(release.configEncrypted, releaseContext(release.environmentId, release.number))) as ConfigSnapshot;
    if (this.#configs.size >= keptInMemory) this.#configs.delete(this.#configs.keys().next().value!);
    this.#configs.set(release.id, config);
    return config;
  }

  /** A release never changes, so it is read once. */
  async find(manager: EntityManager, id: string): Promise<Release> {
    const known = this.#known.get(id);
    if (known) return known;
    return this.#keep(await manager.findOneByOrFail(Release, { id }));
  }

  /** What a release without a build is made of: the image of the release `sourceId`, or of the one that is live; null where nothing is. */
  async originOf(manager: EntityManager, environmentId: string, sourceId: string | null): Promise<Origin | null> {
    const [origin] = await send(manager, findOrigin, { environmentId, sourceId });
    return origin ?? null;
  }

  async liveOf(manager: EntityManager, environmentId: string): Promise<Release | null> {
    const environment = await manager.findOneByOrFail(Environment, { id: environmentId });
    return environment.liveReleaseId === null ? null : this.find(manager, environment.liveReleaseId);
  }

  async byNumber(manager: EntityManager, environmentId: string, number: number): Promise<Release> {
    const release = await manager.findOneBy(Release, { environmentId, number });
    if (!release) throw new AppError('not_found', { detail: `There is no release v${number} here. "molo releases" lists those there are.` });
    return release;
  }

  /** The newest release before `number` that has been live: where a rollback goes when nobody says where. */
  async lastGoodBefore(manager: EntityManager, environmentId: string, number: number): Promise<Release> {
    const [row]: { id: string }[] = await manager.query(
      `select r.id from releases r where r.environment_id = $1 and r.number < $2
         and exists (select 1 from deployments d where d.release_id = r.id and d.state in ('live', 'superseded'))
       order by r.number desc limit 1`,
      [environmentId, number],
    );
    if (!row) throw new AppError('conflict', { detail: 'There is no earlier release that has been live, so there is nothing to roll back to.' });
    return this.find(manager, row.id);
  }

  /** The newest release before `number` that has been live, stayed up, and whose image is kept: where Molo goes back to by itself. */
  async lastSettledBefore(manager: EntityManager, environmentId: string, number: number): Promise<Release | null> {
    const [row]: { id: string }[] = await manager.query(
      `select r.id from releases r join images img on img.id = r.image_id where r.environment_id = $1 and r.number < $2 and img.collected_at is null
         and exists (select 1 from deployments d where d.release_id = r.id and d.state in ('live', 'superseded') and d.failure is null)
       order by r.number desc limit 1`,
      [environmentId, number],
    );
    return row ? this.find(manager, row.id) : null;
  }

  /** The next number, and the formation of this moment; the environment is locked from here on. */
  async #count(manager: EntityManager, environmentId: string): Promise<{ number: number; formation: Formation }> {
    const [counted] = await send(manager, countRelease, { environmentId });
    return counted!;
  }

  #keep(release: Release): Release {
    if (this.#known.size >= keptInMemory) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(release.id, Object.freeze(release));
    return release;
  }
}

const addRelease = new SetStatement<Release>(
  {
    id: 'uuid', environmentId: 'uuid', number: 'integer', imageId: 'uuid', configEncrypted: 'text', configKeys: 'text[]', formation: 'jsonb', version: 'text', reason: 'text',
    commit: 'jsonb', createdBy: 'jsonb', createdAt: 'timestamptz',
  },
  `insert into releases (id, environment_id, number, image_id, config_encrypted, config_keys, formation, version, reason, commit, created_by, created_at)
   select id, "environmentId", number, "imageId", "configEncrypted", "configKeys", formation, version, reason, commit, "createdBy", "createdAt" from given`,
);

const findOrigin = new SetStatement<{ readonly environmentId: string; readonly sourceId: string | null }, Origin>(
  { environmentId: 'uuid', sourceId: 'uuid' },
  `select n, r.version, r.commit, json_build_object('id', img.id, 'digest', img.digest, 'stored', img.stored, 'manifest', img.manifest) as image
   from given join environments e on e.id = "environmentId" join releases r on r.id = coalesce("sourceId", e.live_release_id) join images img on img.id = r.image_id`,
);

const countRelease = new SetStatement<{ readonly environmentId: string }, { number: number; formation: Formation }>(
  { environmentId: 'uuid' },
  `, ${heldInOrder('environments', 'environmentId')}
   update environments e set release_count = release_count + 1 from held join given on "environmentId" = held.id where e.id = held.id returning n, e.release_count as number, e.formation`,
);

/** Binds the sealed config of a release to its place. */
export function releaseContext(environmentId: string, number: number): string {
  return `${environmentId}/releases/${number}`;
}

/**
 * One `web` where nobody said otherwise; other process types run once somebody scales them.
 * An app without `web` would run nothing then: of that, one of each.
 */
export function formationOf(wished: Formation, processTypes: readonly string[]): Formation {
  const types = processTypes.filter((type) => type !== 'release');
  const runsByItself = (type: string) => type === 'web' || !types.includes('web');
  return Object.fromEntries(types.map((type) => [type, wished[type] ?? (runsByItself(type) ? 1 : 0)]));
}
