import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type BuiltImage, type Image as ImageView, type MadeImage } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { Config } from '../config.js';
import type { PositionInTime } from '../rest/page.js';
import { Image } from './image.entity.js';

@Injectable()
export class ImagesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  /** The newest image of this source tree on the stack as it is now, if there is one. Until the transaction ends it is not collected. */
  async ofTree(manager: EntityManager, appId: string, treeId: string): Promise<Image | null> {
    const image = await manager.findOne(Image, { where: { appId, treeId, stored: true, collectedAt: IsNull() }, order: { createdAt: 'DESC' }, lock: { mode: 'pessimistic_read' } });
    if (!image || image.stackDigest === null) return image;
    const current: { image_id: string }[] = await manager.query('select image_id from stacks where image_id = $1', [image.stackDigest]);
    return current.length > 0 ? image : null;
  }

  /** Writes down an image that is made and not stored yet. */
  async noteMade(manager: EntityManager, appId: string, treeId: string, { imageId, manifest, stackImageId }: MadeImage): Promise<string> {
    const id = randomUUID();
    await manager.insert(Image, { id, appId, treeId, digest: imageId, stored: false, engineImageId: imageId, stackDigest: stackImageId ?? null, bytes: '0', layers: [], manifest });
    return id;
  }

  /**
   * Writes down an image that is stored; the same digest again is the same image, and is kept again.
   * @param madeId the one that was written down when it was made
   * @returns its id; null where it is another than the one that was made
   */
  async keep(manager: EntityManager, appId: string, treeId: string, built: BuiltImage, madeId: string | null): Promise<string | null> {
    const { digest, imageId, layers, manifest } = built;
    const bytes = String(built.bytes);
    if (madeId !== null) {
      const { affected } = await manager.update(Image, { id: madeId, engineImageId: imageId }, { digest, stored: true, bytes, layers });
      return affected === 1 ? madeId : null;
    }
    await manager
      .createQueryBuilder()
      .insert()
      .into(Image)
      .values({ id: randomUUID(), appId, treeId, digest, stored: true, engineImageId: imageId, stackDigest: built.stackImageId ?? null, bytes, layers, manifest })
      .orUpdate(['layers', 'engine_image_id', 'manifest', 'tree_id', 'stack_digest', 'collected_at', 'manifest_deleted_at'], ['app_id', 'digest'])
      .execute();
    return (await manager.findOneByOrFail(Image, { appId, digest })).id;
  }

  async find(manager: EntityManager, id: string): Promise<Image> {
    const image = await manager.findOneBy(Image, { id });
    if (!image) throw new AppError('not_found', { detail: `There is no image ${id}.` });
    return image;
  }

  /** Sees to it that the image of an earlier release stays until the transaction ends. Throws `image_collected` where it has gone, and `conflict` where it was not stored. */
  async hold(manager: EntityManager, { imageId, number }: { imageId: string; number: number }): Promise<void> {
    const image = await manager.findOneOrFail(Image, { where: { id: imageId }, lock: { mode: 'pessimistic_read' } });
    if (image.collectedAt === null && image.stored) return;
    if (!image.stored) throw new AppError('conflict', { detail: `The image of v${number} is not in the registry: it is still being stored, or could not be. Wait for its deployment, or push its commit again.` });
    throw new AppError('image_collected', {
      detail: `The image of v${number} is no longer kept: the newest ${this.config.keepReleases} releases that went live keep theirs. Push its commit again to build it anew.`,
    });
  }

  /** Those that are kept, newest first, `limit` and one more. */
  async list(app: string, appId: string, limit: number, before: PositionInTime | null): Promise<ImageView[]> {
    const images = await this.dataSource.manager
      .createQueryBuilder(Image, 'image')
      .where('image.app_id = :appId and image.stored and image.collected_at is null', { appId })
      .andWhere(before ? '(image.created_at, image.id) < (:at, :id)' : 'true', before ?? {})
      .orderBy('image.createdAt', 'DESC')
      .addOrderBy('image.id', 'DESC')
      .limit(limit + 1)
      .getMany();
    const releases = await this.#releasesOf(images.map((image) => image.id));
    return images.map((image) => ({
      id: image.id,
      app,
      reference: `${this.config.registryHost}/${app}@${image.digest}`,
      digest: image.digest,
      bytes: Number(image.bytes),
      layers: image.layers,
      createdAt: image.createdAt.toISOString(),
      releases: releases.get(image.id) ?? [],
    }));
  }

  async #releasesOf(imageIds: readonly string[]): Promise<Map<string, ImageView['releases']>> {
    const rows: { image_id: string; environment: string; number: number; version: string | null }[] = await this.dataSource.query(
      `select r.image_id, e.name as environment, r.number, r.version from releases r join environments e on e.id = r.environment_id
       where r.image_id = any($1) order by r.number`,
      [imageIds],
    );
    const releases = new Map<string, ImageView['releases']>();
    for (const { image_id: imageId, ...release } of rows) releases.set(imageId, [...(releases.get(imageId) ?? []), release]);
    return releases;
  }
}
