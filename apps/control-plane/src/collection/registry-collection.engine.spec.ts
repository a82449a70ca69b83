import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { TestDatabase } from '@molo/testkit';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuditService } from '../audit/audit.service.js';
import type { Config } from '../config.js';
import { createDataSource } from '../database/data-source.js';
import { createSchemaDatabase } from '../database/test-database.js';
import { createApp } from '../deployments/lifecycle-bench.js';
import { type GitTestPlatform, startGitTestPlatform } from '../git/git-test-platform.js';
import { createLog } from '../log.js';
import { FormerImages } from '../registry/former-images.js';
import { RegistryClient } from '../registry/registry-client.js';
import { RegistryManifests } from '../registry/registry-manifests.js';
import { ReleaseTags } from '../registry/release-tags.js';
import { UploadGate } from '../registry/upload-gate.js';
import { ImageCollection } from './image-collection.js';
import { ManifestRemoval } from './manifest-removal.js';
import { RegistryCollection } from './registry-collection.js';
import { Rows } from './test-rows.js';

const repository = 'myapp';
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

let platform: GitTestPlatform;
let client: RegistryClient;
let database: TestDatabase;
let dataSource: DataSource;
let rows: Rows;
let gate: UploadGate;
let images: ImageCollection;
let removal: ManifestRemoval;
let collection: RegistryCollection;
let appId: string;
let environmentId: string;

beforeAll(async () => {
  platform = await startGitTestPlatform();
  client = platform.app.get(RegistryClient);
  gate = platform.app.get(UploadGate);
  database = await createSchemaDatabase();
  dataSource = await createDataSource(database.url).initialize();
  rows = new Rows(dataSource);
  ({ appId, environmentId } = await createApp(dataSource, repository));
  const log = createLog(platform.config);
  images = new ImageCollection(dataSource, new AuditService(), { keepReleases: 2 } as Config);
  removal = new ManifestRemoval(dataSource, new RegistryManifests(client), log);
  collection = new RegistryCollection(dataSource, client, gate, platform.config, log);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
  await platform.stop();
});

/** The last collection was the day before yesterday, and there is something to free since. */
beforeEach(async () => {
  const stamp = platform.config.path('control-plane/registry-collected');
  writeFileSync(stamp, '');
  const longAgo = new Date(Date.now() - 48 * 3600_000);
  utimesSync(stamp, longAgo, longAgo);
  await rows.build(appId, null, 'failed');
});

interface Pushed {
  readonly digest: string;
  readonly blobs: readonly string[];
}

async function store(content: string): Promise<{ digest: string; size: number }> {
  const { digest, bytes } = await platform.blobs.upload(repository, Readable.from([Buffer.from(content)]));
  return { digest, size: bytes };
}

/** An image of a layer that others have, too, and one of its own. */
async function push(tag: string): Promise<Pushed> {
  const [config, base, own] = [await store(`{"of": "${tag}"}`), await store('the base that all share'), await store(`layer of ${tag}`)];
  const layerType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  const layers = [base, own].map((layer) => ({ mediaType: layerType, ...layer }));
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config }, layers }));
  const answer = await client.send(repository, { method: 'PUT', path: `/v2/${repository}/manifests/${tag}`, headers: { 'content-type': manifestType }, body: manifest });
  expect(answer.statusCode, await text(answer)).toBe(201);
  return { digest: `sha256:${createHash('sha256').update(manifest).digest('hex')}`, blobs: [config.digest, base.digest, own.digest] };
}

/** Writes the image down, as that of a release that is live, or of none. */
async function writeDown({ digest }: Pushed, isLive: boolean): Promise<void> {
  const imageId = await rows.image(appId);
  await dataSource.query('update images set digest = $2 where id = $1', [imageId, digest]);
  if (!isLive) return;
  const releaseId = await rows.release(environmentId, 1, imageId);
  await dataSource.query('update environments set live_release_id = $2 where id = $1', [environmentId, releaseId]);
}

function isOnDisk(digest: string): boolean {
  const hash = digest.replace('sha256:', '');
  return existsSync(join(platform.home, 'registry/docker/registry/v2/blobs/sha256', hash.slice(0, 2), hash, 'data'));
}

async function pulls({ digest, blobs }: Pushed): Promise<boolean> {
  const manifest = await client.send(repository, { method: 'GET', path: `/v2/${repository}/manifests/${digest}`, headers: { accept: manifestType } });
  manifest.resume();
  if (manifest.statusCode !== 200) return false;
  const contents = await Promise.all(blobs.map(async (blob) => buffer(await platform.blobs.open(repository, blob))));
  return contents.every((content, index) => `sha256:${createHash('sha256').update(content).digest('hex')}` === blobs[index]);
}

async function tags(): Promise<string[]> {
  const answer = await client.send(repository, { method: 'GET', path: `/v2/${repository}/tags/list` });
  return ((JSON.parse(await text(answer)) as { tags: string[] | null }).tags ?? []).toSorted();
}

describe('the collection of the registry', () => {
  it('frees the bytes of collected images and of sources; kept images and those that people pushed can be pulled', async () => {
    const tag = `build-${randomUUID()}`;
    const [gone, kept, pushedByHand] = [await push(tag), await push('v2'), await push('by-hand')];
    await new ReleaseTags(client).point(repository, ['v1', '1.0'], gone.digest);
    await writeDown(gone, false);
    await writeDown(kept, true);
    await dataSource.query(`update releases set version = '1.0'`);
    const source = await store('a source whose build is over');

    await images.mark();
    await removal.run();
    expect(await tags()).toEqual(['by-hand', 'v2']);
    expect(gone.blobs.every(isOnDisk)).toBe(true);
    const before = readFileSync(platform.config.path('run/registry.pid'), 'utf8');
    expect(await collection.collect()).toBe(true);

    expect(readFileSync(platform.config.path('run/registry.pid'), 'utf8')).not.toBe(before);
    expect([gone.digest, gone.blobs[0]!, gone.blobs[2]!, source.digest].filter(isOnDisk)).toEqual([]);
    expect(await Promise.all([gone, kept, pushedByHand].map(pulls))).toEqual([false, true, true]);
    // The same source is not taken for one that is there.
    expect(isOnDisk((await store('a source whose build is over')).digest)).toBe(true);
    expect(await push(tag).then(pulls)).toBe(true);
  });

  it('is done once a day, and only where there is something to free', async () => {
    expect(await collection.collect()).toBe(true);
    expect(await collection.collect()).toBe(false);
    await dataSource.query(`update builds set finished_at = now() - interval '3 days'`);
    await dataSource.query(`update images set manifest_deleted_at = now() - interval '3 days' where manifest_deleted_at is not null`);
    const stamp = platform.config.path('control-plane/registry-collected');
    const yesterday = new Date(Date.now() - 25 * 3600_000);
    utimesSync(stamp, yesterday, yesterday);
    expect(await collection.collect()).toBe(false);
  });

  it('never takes a source that a build still needs, or that is on its way to one', async () => {
    const source = await store(`a source that is needed ${randomUUID()}`);
    const buildId = await rows.build(appId, null, 'building');
    expect(await collection.collect()).toBe(false);
    await dataSource.query(`update builds set state = 'failed', finished_at = now() where id = $1`, [buildId]);
    await gate.pass(async () => expect(await collection.collect()).toBe(false));
    const deploymentId = await rows.deployment(environmentId, 'starting', {});
    expect(await collection.collect()).toBe(false);
    expect(isOnDisk(source.digest)).toBe(true);
    await dataSource.query(`update deployments set state = 'failed', finished_at = now() where id = $1`, [deploymentId]);
    expect(await collection.collect()).toBe(true);
    expect(isOnDisk(source.digest)).toBe(false);
  });

  it('does not begin by what a control plane that died left behind', async () => {
    const marker = platform.config.path('run/registry.collect');
    writeFileSync(marker, '');
    await collection.onModuleInit();
    expect(existsSync(marker)).toBe(false);
  });

  it("leaves a registry alone that is not this platform's own", async () => {
    const file = platform.config.path('run/registry.pid');
    const own = readFileSync(file, 'utf8');
    // Somebody else's process by now: this one.
    writeFileSync(file, String(process.pid));
    expect(await collection.collect()).toBe(false);
    writeFileSync(file, own);
  });

  it('leaves the manifest of a collected image that somebody gave a tag of their own', async () => {
    const [named, gone] = [await push('v7'), await push('v8')];
    await new ReleaseTags(client).point(repository, ['stable'], named.digest);
    await writeDown(named, false);
    await writeDown(gone, false);
    await images.mark();
    await removal.run();
    expect(await Promise.all([named, gone].map(pulls))).toEqual([true, false]);
  });

  it('takes the manifest of an image that a builder stored after its build had been given up', async () => {
    const imageId = await rows.image(appId);
    const buildId = await rows.build(appId, imageId, 'failed');
    const late = await push(`build-${buildId}`);
    await dataSource.query('update images set stored = false, collected_at = now() where id = $1', [imageId]);
    await removal.run();
    expect(await pulls(late)).toBe(true);
    await dataSource.query(`update builds set finished_at = now() - interval '5 minutes' where id = $1`, [buildId]);
    await removal.run();
    expect(await pulls(late)).toBe(false);
    expect(await dataSource.query('select manifest_deleted_at is not null as done from images where id = $1', [imageId])).toEqual([{ done: true }]);
  });

  it('leaves nothing of an app that was deleted to the next one of its name', async () => {
    const [released, tagged] = [await push('v9'), await push('by-hand-too')];
    await writeDown(released, false);
    await dataSource.query('update apps set deleted_at = now() where id = $1', [appId]);
    await new FormerImages(new RegistryManifests(client)).remove(dataSource.manager, repository);
    expect(await tags()).toEqual([]);
    expect(await Promise.all([released, tagged].map(pulls))).toEqual([false, false]);
    await dataSource.query('update apps set deleted_at = null where id = $1', [appId]);
  });

  it('counts a manifest that is gone as removed', async () => {
    const { digest } = await push('twice');
    const manifests = new RegistryManifests(client);
    await manifests.remove(repository, digest);
    await manifests.remove(repository, digest);
    expect(await tags()).not.toContain('twice');
  });
});
