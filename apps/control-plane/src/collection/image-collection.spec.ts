import { randomUUID } from 'node:crypto';
import { waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moloItself } from '../access/caller.js';
import { createApp, LifecycleBench } from '../deployments/lifecycle-bench.js';
import { ImagesService } from '../images/images.service.js';
import { ReleaseViews } from '../releases/release-views.js';
import { TestControlPlane } from '../test-control-plane.js';
import { ImageCollection } from './image-collection.js';
import { digestOf, Rows } from './test-rows.js';

let bench: LifecycleBench;
let rows: Rows;
let collection: ImageCollection;

beforeAll(async () => {
  bench = await LifecycleBench.start({ MOLO_KEEP_RELEASES: '2' });
  rows = new Rows(bench.dataSource);
  collection = bench.module.get(ImageCollection);
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

/** Pushes until the image of the first release is beyond the window. @returns the tree that it was made of */
async function outlive(): Promise<string> {
  const treeId = randomUUID().replaceAll('-', '').padEnd(40, '0');
  for (const tree of [treeId, undefined, undefined]) expect(await bench.untilOver(await bench.push(tree))).toBe('live');
  await waitFor(async () => (await bench.dataSource.query('select 1 from instances where gone_at is null')).length === 1, { what: 'the old instances to go' });
  await collection.mark();
  return treeId;
}

describe('a collected image', () => {
  it('is no way back: the rollback says to push again, the release says that it is not kept', async () => {
    await outlive();
    await expect(bench.deployments.rollBack(bench.environmentId, 1, moloItself)).rejects.toMatchObject({ code: 'image_collected', detail: expect.stringContaining('Push its commit again') });
    const views = await bench.module.get(ReleaseViews).list(bench.environmentId, 10, null);
    expect(views.map(({ number, imageKept }) => [number, imageKept])).toEqual([[3, true], [2, true], [1, false]]);
    expect((await bench.module.get(ImagesService).list('myapp', bench.appId, 10, null)).flatMap(({ releases }) => releases.map(({ number }) => number))).toEqual([3, 2]);
    const back = await bench.deployments.rollBack(bench.environmentId, null, moloItself);
    expect(await bench.untilOver(back.id)).toBe('live');
  });

  it('is not taken for a build of the same tree', async () => {
    const treeId = await outlive();
    const built = bench.agent.builtIds.length;
    expect(await bench.untilOver(await bench.push(treeId))).toBe('live');
    expect(bench.agent.builtIds).toHaveLength(built + 1);
  });

  it('is told in the audit', async () => {
    await outlive();
    const events: { actor_kind: string; before: { digests: string[] } }[] = await bench.dataSource.query(`select actor_kind, before from audit_events where action = 'images.collected' and target = 'myapp'`);
    const images: { digest: string }[] = await bench.dataSource.query('select digest from images where collected_at is not null and app_id = $1', [bench.appId]);
    expect(new Set(events.map((event) => event.actor_kind))).toEqual(new Set(['molo']));
    expect(events.flatMap((event) => event.before.digests).toSorted()).toEqual(images.map(({ digest }) => digest).toSorted());
  });
});

describe('an agent that asks', () => {
  it('may remove collected images and those of builds that are over, and no other', async () => {
    const { appId, environmentId } = await createApp(bench.dataSource, 'asked');
    const [gone, kept] = [await rows.image(appId), await rows.image(appId)];
    await rows.release(environmentId, 1, kept);
    await bench.dataSource.query('update images set collected_at = now() where id = $1', [gone]);
    const unknown = { failed: digestOf(randomUUID()), building: digestOf(randomUUID()), pulled: digestOf(randomUUID()), foreign: digestOf(randomUUID()) };
    const images = [
      { id: digestOf(gone), buildId: null },
      { id: digestOf(kept), buildId: await rows.build(appId, kept, 'succeeded') },
      { id: unknown.failed, buildId: await rows.build(appId, null, 'failed') },
      { id: unknown.building, buildId: await rows.build(appId, null, 'building') },
      { id: unknown.pulled, buildId: null },
      { id: unknown.foreign, buildId: randomUUID() },
    ];
    expect((await collection.unneeded(images)).toSorted()).toEqual([digestOf(gone), unknown.failed].toSorted());
  });

  it('does so with the token of its node', async () => {
    await using platform = await TestControlPlane.start();
    const ask = (authorization: string) => fetch(`${platform.url}/agent/v1/images/unneeded`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify([{ id: digestOf(randomUUID()), buildId: null }]) });
    expect((await ask('Bearer of-nobody')).status).toBe(401);
    const answer = await ask(`Bearer ${platform.config.nodeToken}`);
    expect([answer.status, await answer.json()]).toEqual([200, { ids: [] }]);
  });
});
