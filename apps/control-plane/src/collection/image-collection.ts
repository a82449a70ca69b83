import { Injectable } from '@nestjs/common';
import type { NodeImage } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { moloItself } from '../access/caller.js';
import { AuditService } from '../audit/audit.service.js';
import { Config } from '../config.js';
import { neededImages } from './needed-images.js';

/** How many images one transaction marks. */
const batchSize = 200;

interface Collected {
  appId: string;
  app: string;
  digest: string;
}

/**
 * Collects images that nobody needs. First the row is marked: from then on no build takes the image again and no rollback
 * goes back to it. Then its manifest goes from the registry (ManifestRemoval), and nodes remove theirs once they have asked. An image that is
 * collected stays so: a later build of the same source makes an image of its own. So each step may come late, or twice.
 */
@Injectable()
export class ImageCollection {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly config: Config,
  ) {}

  /** @returns how many images were marked */
  async mark(): Promise<number> {
    for (let marked = 0; ; ) {
      const inBatch = await this.#markBatch();
      marked += inBatch;
      if (inBatch < batchSize) return marked;
    }
  }

  /**
   * Which of a node's images nobody needs. One that is in no row was made by a build: it goes when that build is over,
   * since a build that succeeds writes its row in the transaction that ends it.
   */
  async unneeded(images: readonly NodeImage[]): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      `select distinct asked.id from unnest($1::text[], $2::uuid[]) as asked (id, build_id)
       where not exists (select 1 from images kept where kept.engine_image_id = asked.id and kept.collected_at is null)
         and (exists (select 1 from images gone where gone.engine_image_id = asked.id)
           or exists (select 1 from builds b where b.id = asked.build_id and b.finished_at is not null))`,
      [images.map(({ id }) => id), images.map(({ buildId }) => buildId)],
    );
    return rows.map(({ id }) => id);
  }

  async #markBatch(): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const candidates: { id: string }[] = await manager.query(
        `${neededImages} select id from images where collected_at is null and id not in (select image_id from needed) order by id limit ${batchSize}`,
        [this.config.keepReleases],
      );
      if (candidates.length === 0) return 0;
      const ids = candidates.map(({ id }) => id);
      // Whoever takes an image for a build or a rollback shares its row's lock until that is written down. The statement
      // after this one sees what they wrote; those who come later find the image collected.
      await manager.query('select 1 from images where id = any($1) order by id for update', [ids]);
      const [collected]: [Collected[], number] = await manager.query(
        `${neededImages} update images img set collected_at = now() from apps a
         where img.id = any($2) and img.collected_at is null and img.id not in (select image_id from needed) and a.id = img.app_id
         returning a.name as app, a.id as "appId", img.digest`,
        [this.config.keepReleases, ids],
      );
      await this.#record(manager, collected);
      return collected.length;
    });
  }

  async #record(manager: EntityManager, collected: readonly Collected[]): Promise<void> {
    for (const [appId, target] of new Map(collected.map((each) => [each.appId, each.app]))) {
      const digests = collected.filter((each) => each.appId === appId).map(({ digest }) => digest);
      await this.audit.record(manager, moloItself, { action: 'images.collected', target, appId, before: { digests } });
    }
  }
}
