import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RegistryManifests } from './registry-manifests.js';

const atOnce = 20;

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
    const tagged = await this.#each(await this.manifests.tags(app), (tag) => this.manifests.digestOf(app, tag));
    const digests = new Set([...tagged.filter((digest) => digest !== null), ...left.map(({ digest }) => digest)]);
    await this.#each([...digests], (digest) => this.manifests.remove(app, digest));
    await manager.query('update images set collected_at = coalesce(collected_at, now()), manifest_deleted_at = now() where id = any($1)', [left.map(({ id }) => id)]);
  }

  /** Some at a time: the transaction of the caller waits for it. */
  async #each<Item, Result>(items: readonly Item[], act: (item: Item) => Promise<Result>): Promise<Result[]> {
    const results: Result[] = [];
    for (let begin = 0; begin < items.length; begin += atOnce) results.push(...(await Promise.all(items.slice(begin, begin + atOnce).map(act))));
    return results;
  }
}
