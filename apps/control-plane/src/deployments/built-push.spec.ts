import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeploymentEvent } from '@molo/contracts';
import { moloItself } from '../access/caller.js';
import { neededImages } from '../collection/needed-images.js';
import { DeploymentStream } from './deployment-stream.js';
import { LifecycleBench } from './lifecycle-bench.js';

const tree = 'f'.repeat(40);
let bench: LifecycleBench;

beforeEach(async () => {
  bench = await LifecycleBench.start();
  await bench.untilOver(await bench.push(tree));
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

async function pushBuilt(): Promise<string | undefined> {
  const commit = { id: 'c'.repeat(40), subject: 'The same files', author: 'Ada' };
  const begun = await bench.deployments.pushBuilt({ appId: bench.appId, environmentName: 'production', commit, treeId: tree, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself });
  return begun?.deploymentId;
}

async function events(deploymentId: string): Promise<DeploymentEvent[]> {
  const all: DeploymentEvent[] = [];
  for await (const event of bench.module.get(DeploymentStream).follow(deploymentId, 0)) all.push(event);
  return all;
}

describe('a push of a tree that was built before', () => {
  it('goes live with its image, with no source, no builder and no gap in its journal', async () => {
    const id = (await pushBuilt()) ?? '';
    expect(await bench.untilOver(id)).toBe('live');
    const told = await events(id);
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => index + 1));
    expect(told.filter(({ kind }) => kind === 'build')).toMatchObject([{ state: 'succeeded' }]);
    expect((await bench.deployments.view(id)).build).toMatchObject({ state: 'succeeded', reused: true });
    expect(bench.agent.builtIds).toHaveLength(1);
  });

  it('keeps the image from being collected while it waits for its turn', async () => {
    bench.agent.fate = () => ({ observed: 'starting' });
    const running = await bench.push();
    await bench.until(running, (state) => state === 'checking');
    const waiting = (await pushBuilt()) ?? '';
    // Though no release that went live keeps it any more.
    await bench.dataSource.query('update environments set live_release_id = null');
    const needed = await bench.dataSource.query(`${neededImages} select img.tree_id as tree from images img join needed on needed.image_id = img.id`, [0]);
    expect(needed).toContainEqual({ tree });
    bench.agent.fate = () => ({ observed: 'healthy' });
    await bench.agent.reconcile();
    expect(await bench.untilOver(waiting)).toBe('live');
  });

  it('begins nothing once the image was collected: its source has to be stored first', async () => {
    await bench.dataSource.query('update images set collected_at = now()');
    expect(await pushBuilt()).toBeUndefined();
    expect(await bench.dataSource.query('select count(*)::int as count from deployments')).toEqual([{ count: 1 }]);
    expect(await bench.untilOver(await bench.push(tree))).toBe('live');
    expect(bench.agent.builtIds).toHaveLength(2);
  });
});
