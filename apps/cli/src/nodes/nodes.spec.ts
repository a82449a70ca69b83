import { AppError, type Deployment, type Node } from '@molo/contracts';
import { describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import { deployment } from '../testing/things.js';

const bed = new Bed();
const pier: Node = {
  id: '6f2f4f9a-52a2-4f60-9a2f-0d6b6f2f4f9a', name: 'pier', roles: ['instances'], online: true, availability: 'active', lastSeenAt: '2026-01-02T03:04:05.000Z', generation: 1, appliedGeneration: 1,
  agentVersion: '0.1.0', engineVersion: '20.10.24', cpus: 2, memoryBytes: 1e9, memoryUsedBytes: 1e8, diskBytes: 1e10, diskUsedBytes: 1e9, instances: 2,
};
const draining: Node = { ...pier, availability: 'draining' };
const moving: Deployment = { ...deployment, reason: 'move', state: 'starting', failure: null };

describe('nodes', () => {
  test('are listed with whether they take instances', async () => {
    await bed.serve({ listNodes: () => ({ items: [pier, { ...pier, name: 'quay', availability: 'cordoned' }, { ...draining, name: 'dock', instances: 0 }], nextCursor: null }) });
    expect((await bed.home.molo(['nodes'])).stdout).toMatch(/pier +online [^]*quay +cordoned [^]*dock +drained /);
  });

  test('are cordoned and uncordoned by name', async () => {
    const { asked } = await bed.serve({ cordonNode: () => ({ ...pier, availability: 'cordoned' as const }), uncordonNode: () => pier });
    expect(await bed.home.molo(['nodes', 'cordon', 'pier'])).toMatchObject({ code: 0, stdout: expect.stringContaining('molo nodes drain pier') as string });
    expect((await bed.home.molo(['nodes', 'uncordon', 'pier'])).code).toBe(0);
    expect(asked.map(({ name, params }) => [name, params])).toEqual([['cordonNode', { node: 'pier' }], ['uncordonNode', { node: 'pier' }]]);
    expect((await bed.home.molo(['nodes', 'cordon', '../apps'])).code).toBe(2);
  });

  test('are drained until nothing is left', async () => {
    let looks = 0;
    await bed.serve({
      drainNode: () => ({ node: draining, deployments: [moving] }),
      getDeployment: () => (looks++ === 0 ? moving : { ...moving, state: 'live' as const }),
      getNode: () => ({ ...draining, instances: 0 }),
    });
    const outcome = await bed.home.molo(['nodes', 'drain', 'pier']);
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/moved\npier is drained/) as string });
  });

  test('say what could not be moved, and end with 1', async () => {
    const failed: Deployment = { ...moving, state: 'failed', failure: { code: 'no_node_available', detail: 'No node has as much memory.' } };
    await bed.serve({ drainNode: () => ({ node: draining, deployments: [failed] }), getDeployment: () => failed, getNode: () => draining });
    expect(await bed.home.molo(['nodes', 'drain', 'pier'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/No node has as much memory[^]*2 instances could not be moved/) as string });
  });

  test('that are drained alone end with what to do', async () => {
    await bed.serve({ drainNode: () => { throw new AppError('conflict', { detail: 'No other node takes instances.' }); } });
    expect(await bed.home.molo(['nodes', 'drain', 'pier'])).toMatchObject({ code: 6, stderr: expect.stringContaining('No other node') as string });
  });

  test('are removed once that is confirmed', async () => {
    const { asked } = await bed.serve({ removeNode: () => undefined });
    expect((await bed.home.molo(['nodes', 'remove', 'pier'])).code).toBe(2);
    expect(asked).toEqual([]);
    expect((await bed.home.molo(['nodes', 'remove', 'pier', '--yes'])).code).toBe(0);
    expect(asked[0]).toMatchObject({ name: 'removeNode', params: { node: 'pier' } });
  });
});
