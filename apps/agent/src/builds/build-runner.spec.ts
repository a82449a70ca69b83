import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { BuildOrder, BuildReport, LogChunk } from '@molo/contracts';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { treeTar } from '../source/trial-tree.js';
import { BuildRunner, type BuildParts } from './build-runner.js';

vi.mock('./disk-watch.js', async (original) => ({ ...(await original<object>()), isDiskFull: async (folder: string) => folder === '/full' }));

const { signal } = new AbortController();
const never = new Promise<never>(() => undefined);
let workFolder: string;
let order: BuildOrder;
let reports: BuildReport[];
let said: string[];
let source: Buffer;

beforeEach(async () => {
  workFolder = await mkdtemp(join(tmpdir(), 'molo-runner-'));
  reports = [];
  said = [];
  source = zstdCompressSync(await treeTar({ 'package.json': '{"scripts":{"start":"node ."}}' }));
  const digest = `sha256:${createHash('sha256').update(source).digest('hex')}`;
  order = {
    id: randomUUID(), deploymentId: randomUUID(), app: 'myapp', state: 'queued', source: { repository: 'myapp', digest, bytes: source.length }, commit: 'c'.repeat(40), treeId: 'd'.repeat(40),
    imageRepository: 'localhost:5000/myapp', tags: [], limits: { memoryBytes: 1024 ** 3, cpus: 1, timeoutSeconds: 60, diskBytes: 1024 ** 3 }, config: {},
  };
});
afterEach(() => rm(workFolder, { recursive: true, force: true }));

/** A builder that gets as far as the toolchain, which never comes. */
function runner(given: { order?: () => Promise<BuildOrder>; engineFolder?: string } = {}): BuildRunner {
  return new BuildRunner({
    docker: { info: async () => ({ DockerRootDir: given.engineFolder ?? '/roomy' }) },
    controlPlane: { buildOrder: given.order ?? (async () => order), reportBuild: async (_id: string, report: BuildReport) => void reports.push(report), sendLogs: async (chunks: readonly LogChunk[]) => void said.push(...chunks.map(({ text }) => text)) },
    registry: { blob: async () => [source] },
    toolchains: { ensure: () => never },
    stacks: { ensure: async () => undefined },
    limits: { apply: async () => true },
    log: pino({ level: 'silent' }),
    settings: { workFolder, nodeSecret: 'secret', planning: { stack: 'debian-12', hasExtraCa: false, npmRegistry: undefined, versions: { node: async () => '24.1.0' } }, proxy: {}, registryHost: 'localhost:5000' },
  } as unknown as BuildParts);
}

describe('a build', () => {
  it('ends at its time limit, also while it waits for what the engine has no part in', async () => {
    order = { ...order, limits: { ...order.limits, timeoutSeconds: 0.3 } };
    await runner().run(order.id, signal);
    expect(reports.at(-1)).toMatchObject({ state: 'failed', failure: { code: 'build_timed_out' } });
    expect(await readdir(workFolder)).toEqual([]);
  });

  it('ends where the disk of the engine is full, and says so', async () => {
    await runner({ engineFolder: '/full' }).run(order.id, signal);
    expect(reports.at(-1)).toMatchObject({ state: 'failed', failure: { code: 'build_out_of_disk' } });
  });

  it('is cancelled by a word that comes before its order', async () => {
    let give: (order: BuildOrder) => void = () => undefined;
    const builds = runner({ order: () => new Promise((resolve) => (give = resolve)) });
    const run = builds.run(order.id, signal);
    builds.cancel(order.id);
    give(order);
    await run;
    expect(reports.at(-1)).toEqual({ state: 'cancelled' });
  });

  it('says in its log that it is taken up again, and only then', async () => {
    const limits = { ...order.limits, timeoutSeconds: 0.3 };
    for (const state of ['queued', 'pushing'] as const) {
      order = { ...order, state, limits };
      await runner().run(order.id, signal);
    }
    expect(said.map((text) => text.includes('taken up again'))).toEqual([false, true]);
  });

  it('is left to the next agent, with no report, when the agent ends', async () => {
    const agent = new AbortController();
    const reason = new Error('the agent ends');
    const run = runner().run(order.id, agent.signal);
    await expect.poll(() => reports).toEqual([{ state: 'building' }]);
    agent.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(reports).toEqual([{ state: 'building' }]);
  });
});
