import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RegistryManifests } from './registry-manifests.js';

/** What apps that were deleted left in the registry: a repository there is known by the app's name alone. */
@Injectable()
export class FormerImages {
  constructor(private readonly manifests: RegistryManifests) {}

  /**
   * Takes all images from under a name that another app is to have, whoever tagged them: they are not for those who may read
   * that one. The caller holds the name. Cut short it is done again by whoever takes the name next. Throws `unavailable`.
   */
  async remove(manager: EntityManager, app: string): Promise<void> {
    const [former]: unknown[] = await manager.query('select 1 from apps where name = $1 and deleted_at is not null limit 1', [app]);
    if (!former) return;
    const left: { id: string; digest: string }[] = await manager.query(
      'select img.id, img.digest from images img join apps a on a.id = img.app_id where a.name = $1 and a.deleted_at is not null and img.manifest_deleted_at is null order by img.id for update of img',
      [app],
    );
    for (const tag of await this.manifests.tags(app)) {
      const digest = await this.manifests.digestOf(app, tag);
      if (digest !== null) await this.manifests.remove(app, digest);
    }
    for (const { digest } of left) await this.manifests.remove(app, digest);
    await manager.query('update images set collected_at = coalesce(collected_at, now()), manifest_deleted_at = now() where id = any($1)', [left.map(({ id }) => id)]);
  }
}
