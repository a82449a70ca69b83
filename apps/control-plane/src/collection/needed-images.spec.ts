import { randomUUID } from 'node:crypto';
import { type DeploymentState, isFinal } from '@molo/contracts';
import { type TestDatabase, waitFor } from '@molo/testkit';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditService } from '../audit/audit.service.js';
import type { Config } from '../config.js';
import { createDataSource } from '../database/data-source.js';
import { createSchemaDatabase } from '../database/test-database.js';
import { createApp } from '../deployments/lifecycle-bench.js';
import { ImagesService } from '../images/images.service.js';
import { ImageCollection } from './image-collection.js';
import { Rows } from './test-rows.js';

const keepReleases = 2;
let database: TestDatabase;
let dataSource: DataSource;
let rows: Rows;
let collection: ImageCollection;

beforeAll(async () => {
  database = await createSchemaDatabase();
  dataSource = await createDataSource(database.url).initialize();
  rows = new Rows(dataSource);
  collection = new ImageCollection(dataSource, new AuditService(), { keepReleases } as Config);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** One attempt to make a release live, as it ended or stands. */
interface Attempt {
  readonly state: DeploymentState;
  /** Of an earlier release's image; otherwise it brings its own. */
  readonly sameImageAs: number | null;
  readonly hasInstance: boolean;
  /** Its release is not written yet: the image is its build's. */
  readonly isBuilt: boolean;
}

const unfinished: DeploymentState[] = ['queued', 'awaiting_approval', 'placing', 'checking', 'draining'];
const attempt: fc.Arbitrary<Attempt> = fc.record({
  state: fc.constantFrom<DeploymentState>('superseded', 'superseded', 'superseded', 'failed', 'cancelled', ...unfinished),
  sameImageAs: fc.option(fc.nat(5), { freq: 3 }),
  hasInstance: fc.boolean(),
  isBuilt: fc.boolean(),
});

/** Writes the attempts as the platform would have; says which images are needed, worked out in another way than by the rule. */
async function write(attempts: readonly Attempt[], isDeleted: boolean): Promise<{ images: string[]; needed: Set<string> }> {
  const { appId, environmentId } = await createApp(dataSource, `app-${randomUUID().slice(0, 8)}`);
  const images: string[] = [];
  const wentLive: string[] = [];
  const needed = new Set<string>();
  for (const [index, { state, sameImageAs, hasInstance, isBuilt }] of attempts.entries()) {
    const imageId = (sameImageAs === null ? undefined : images[sameImageAs]) ?? (await rows.image(appId));
    if (!images.includes(imageId)) images.push(imageId);
    if (!isFinal(state)) needed.add(imageId);
    if (isBuilt && !isFinal(state)) {
      await rows.deployment(environmentId, 'queued', { buildId: await rows.build(appId, imageId, 'succeeded') });
      continue;
    }
    const releaseId = await rows.release(environmentId, index + 1, imageId);
    const deploymentId = await rows.deployment(environmentId, state, { releaseId, endedDaysAgo: isFinal(state) ? 0 : null });
    if (state === 'superseded') wentLive.push(imageId);
    if (!hasInstance) continue;
    await rows.instance(environmentId, deploymentId, releaseId);
    needed.add(imageId);
  }
  if (isDeleted) await dataSource.query('update environments set deleted_at = now() where app_id = $1', [appId]);
  else for (const imageId of wentLive.slice(-keepReleases)) needed.add(imageId);
  return { images, needed };
}

async function collected(images: readonly string[]): Promise<Set<string>> {
  const rows: { id: string }[] = await dataSource.query('select id from images where id = any($1) and collected_at is not null', [images]);
  return new Set(rows.map(({ id }) => id));
}

describe('the rule', () => {
  it('keeps every image that is needed, and collects every other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 9 }), fc.boolean(), async (attempts, isDeleted) => {
        const { images, needed } = await write(attempts, isDeleted);
        await collection.mark();
        const gone = await collected(images);
        expect(new Set(images.filter((id) => !gone.has(id)))).toEqual(needed);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the live release, however many newer ones went live before it came back', async () => {
    const { appId, environmentId } = await createApp(dataSource, 'back');
    const images = [await rows.image(appId), await rows.image(appId), await rows.image(appId), await rows.image(appId)];
    const releases: string[] = [];
    for (const [index, imageId] of images.entries()) {
      releases.push(await rows.release(environmentId, index + 1, imageId));
      await rows.deployment(environmentId, 'superseded', { releaseId: releases[index]!, endedDaysAgo: 0 });
    }
    await dataSource.query('update environments set live_release_id = $2 where id = $1', [environmentId, releases[0]]);
    await collection.mark();
    expect(await collected(images)).toEqual(new Set([images[1]]));
  });

  it('waits for whoever is about to take an image, and then leaves it', async () => {
    const { appId, environmentId } = await createApp(dataSource, 'taken');
    const imageId = await rows.image(appId);
    let marking: Promise<number> | undefined;
    await dataSource.transaction(async (manager) => {
      expect(await new ImagesService(dataSource, {} as Config).ofTree(manager, appId, 'tree')).toMatchObject({ id: imageId });
      marking = collection.mark();
      await waitFor(async () => (await dataSource.query(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0, { what: 'the collection to wait' });
      const buildId = await rows.build(appId, imageId, 'succeeded');
      await rows.deployment(environmentId, 'queued', { buildId });
    });
    await marking;
    expect(await collected([imageId])).toEqual(new Set());
  });
});
