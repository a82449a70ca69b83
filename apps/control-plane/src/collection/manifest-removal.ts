import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Log } from '../log.js';
import { RegistryManifests } from '../registry/registry-manifests.js';

interface Leaving {
  id: string;
  app: string;
  digest: string;
  stored: boolean;
  /** Of an image that was not stored, as far as is known. */
  buildId: string | null;
}

/** A builder that is told to end may just be at its last request. */
const longestStoringSeconds = 120;

/** Tags that Molo gives by itself: those of builds and of releases. */
const ownTag = /^((?:[a-z][a-z0-9-]*--)?v\d+|build-[0-9a-f-]{36})$/;

/** Takes the manifests of collected images from the registry, and with them their tags; what others gave a tag of their own stays. */
@Injectable()
export class ManifestRemoval {
  constructor(
    private readonly dataSource: DataSource,
    private readonly manifests: RegistryManifests,
    private readonly log: Log,
  ) {}

  /** A manifest that is gone is removed: whoever dies between the two does it again. */
  async run(): Promise<void> {
    const leaving: Leaving[] = await this.dataSource.query(
      `select img.id, a.name as app, img.digest, img.stored, b.id as "buildId" from images img join apps a on a.id = img.app_id
         left join builds b on b.image_id = img.id and not img.stored
       where img.collected_at is not null and img.manifest_deleted_at is null and (img.stored or b.id is null or b.finished_at < now() - make_interval(secs => ${longestStoringSeconds}))
       order by img.id`,
    );
    for (const app of new Set(leaving.map((image) => image.app))) {
      const kept = new Set([...(await this.#keptByNamesakes(app)), ...(await this.#taggedByPeople(app))]);
      for (const image of leaving.filter((each) => each.app === app)) await this.#remove(image, kept);
    }
  }

  async #remove(image: Leaving, kept: ReadonlySet<string>): Promise<void> {
    const { id, app } = image;
    const digest = await this.#digestOf(image);
    if (digest !== null && !kept.has(digest)) {
      await this.manifests.remove(app, digest);
      this.log.info({ app, digest }, 'the manifest of a collected image was removed from the registry');
    }
    await this.dataSource.query('update images set manifest_deleted_at = now() where id = $1 and collected_at is not null', [id]);
  }

  /** A build that was given up while it stored its image may have come to its end all the same: then its tag alone says under which digest. */
  async #digestOf({ app, digest, stored, buildId }: Leaving): Promise<string | null> {
    if (stored) return digest;
    return buildId === null ? null : this.manifests.digestOf(app, `build-${buildId}`);
  }

  /** A repository belongs to all apps that ever had its name: one made after another's deletion may keep the same image. */
  async #keptByNamesakes(app: string): Promise<string[]> {
    const rows: { digest: string }[] = await this.dataSource.query('select img.digest from images img join apps a on a.id = img.app_id where a.name = $1 and img.collected_at is null', [app]);
    return rows.map(({ digest }) => digest);
  }

  /** Somebody pulled an image, gave it a name and pushed it again: that is the same manifest. */
  async #taggedByPeople(app: string): Promise<string[]> {
    const versions = await this.#versions(app);
    const theirs = (await this.manifests.tags(app)).filter((tag) => !ownTag.test(tag) && !versions.has(tag));
    const digests: string[] = [];
    for (const tag of theirs) {
      const digest = await this.manifests.digestOf(app, tag);
      if (digest !== null) digests.push(digest);
    }
    return digests;
  }

  /** The app's own versions, which are tags of its images, too. */
  async #versions(app: string): Promise<ReadonlySet<string>> {
    const rows: { version: string }[] = await this.dataSource.query(
      `select r.version from releases r join environments e on e.id = r.environment_id join apps a on a.id = e.app_id where a.name = $1 and r.version is not null
       union select d.version_tag from deployments d join environments e on e.id = d.environment_id join apps a on a.id = e.app_id where a.name = $1 and d.version_tag is not null`,
      [app],
    );
    return new Set(rows.flatMap(({ version }) => [version, version.replaceAll('+', '_')]));
  }
}
