import { randomUUID } from 'node:crypto';
import { cancelBuild, runBuild } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { testRedisUrl, waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogReader } from '../logs/log-reader.js';
import { Builds, NodeJobs } from './node-jobs.js';

class HeldBuilds extends Builds {
  readonly running = new Map<string, () => void>();
  readonly cancelled: string[] = [];
  async run(buildId: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.running.set(buildId, resolve);
      signal.addEventListener('abort', () => reject(new Error('the agent stops')));
    });
  }
  async cancel(buildId: string): Promise<void> {
    this.cancelled.push(buildId);
  }
}

const log = pino({ level: 'silent' });
const nodeId = randomUUID();
let builds: HeldBuilds;
let jobs: NodeJobs;
let producer: Queues;

function agentJobs(held: HeldBuilds): NodeJobs {
  return new NodeJobs({ redisUrl: testRedisUrl() }, log, held, {} as LogReader);
}

beforeEach(async () => {
  builds = new HeldBuilds();
  jobs = agentJobs(builds);
  producer = new Queues(testRedisUrl(), log);
  await jobs.start(nodeId);
});
afterEach(async () => {
  await jobs.onModuleDestroy();
  await producer.close();
});

it('runs two builds at once and no more, and hears of a cancellation meanwhile', async () => {
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  for (const buildId of ids) await producer.produce(runBuild, { nodeId, buildId }, { nodeId });
  await waitFor(() => builds.running.size === 2, { what: 'two builds' });
  await producer.produce(cancelBuild, { nodeId, buildId: ids[0]! }, { nodeId });
  await waitFor(() => builds.cancelled.length === 1, { what: 'the cancellation' });
  expect(builds.running.size).toBe(2);
  builds.running.get(ids[0]!)!();
  await waitFor(() => builds.running.size === 3, { what: 'the third' });
  for (const finish of builds.running.values()) finish();
});

it('leaves a build that it cannot finish to the next agent', async () => {
  const buildId = randomUUID();
  await producer.produce(runBuild, { nodeId, buildId }, { nodeId });
  await waitFor(() => builds.running.has(buildId), { what: 'the build' });
  await jobs.onModuleDestroy();
  builds = new HeldBuilds();
  jobs = agentJobs(builds);
  await jobs.start(nodeId);
  await waitFor(() => builds.running.has(buildId), { what: 'the build again' });
  builds.running.get(buildId)!();
});

it('refuses to be two nodes', async () => {
  await expect(jobs.start(randomUUID())).rejects.toMatchObject({ code: 'conflict' });
});
