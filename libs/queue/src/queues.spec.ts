import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, cancelBuild, readLogs, runBuild, runDeployment } from '@molo/contracts';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { takeover } from './consumer.js';
import { assertHandlers, handle, Queues } from './index.js';

const quiet = { warn: () => undefined, error: () => undefined };

/** A Redis of this file's own: these tests flush, stop and kill it. */
let folder: string;
let port: number;
let url: string;
let server: ChildProcess;
const opened: Queues[] = [];

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const found = (probe.address() as AddressInfo).port;
  probe.close();
  return found;
}

async function startRedis(): Promise<void> {
  server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
  const client = new Redis(url, { maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  client.disconnect();
}

async function killRedis(): Promise<void> {
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
}

function queues(): Queues {
  const made = new Queues(url, quiet);
  opened.push(made);
  return made;
}

async function redis<T>(use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'molo-queue-'));
  port = await freePort();
  url = `redis://127.0.0.1:${port}`;
  await startRedis();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close(1000)));
  await redis((client) => client.flushall());
});
afterAll(async () => {
  await killRedis();
  await rm(folder, { recursive: true, force: true });
});

const once10s = { timeout: 10_000, interval: 10 };

describe('produce and consume', () => {
  it('brings a job to its handler with its data parsed', async () => {
    const seen = vi.fn(async () => {});
    const both = queues();
    await both.consume([handle(runDeployment, seen)], { concurrency: 1 });
    const deploymentId = randomUUID();
    await both.produce(runDeployment, { deploymentId });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledWith({ deploymentId }, expect.objectContaining({ attempt: 1 })), once10s);
  });

  it('refuses to produce data that its schema does not hold', async () => {
    await expect(queues().produce(runDeployment, { deploymentId: 'no id' })).rejects.toThrow(/deploymentId/);
  });

  it("keeps a node's queues under the node's own prefix", async () => {
    const nodeId = randomUUID();
    await queues().produce(runBuild, { nodeId, buildId: randomUUID() }, { nodeId });
    const keys = await redis((client) => client.keys('*'));
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.every((key) => key.startsWith(`molo:${nodeId}:node-${nodeId}-builds:`))).toBe(true);
  });

  it('makes one job of one id while it waits, and takes the id again once it is done', async () => {
    const deploymentId = randomUUID();
    const both = queues();
    await both.produce(runDeployment, { deploymentId });
    await both.produce(runDeployment, { deploymentId });
    const seen = vi.fn(async () => {});
    await both.consume([handle(runDeployment, seen)], { concurrency: 4 });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), once10s);
    await vi.waitFor(async () => {
      await both.produce(runDeployment, { deploymentId });
      expect(seen.mock.calls.length).toBeGreaterThan(1);
    }, once10s);
  });
});

describe('failures', () => {
  it('tries a retryable failure again until it succeeds', async () => {
    const attempts: number[] = [];
    const both = queues();
    await both.consume(
      [
        handle(runDeployment, async (_data, { attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new AppError('unavailable', { detail: 'not yet' });
        }),
      ],
      { concurrency: 1 },
    );
    await both.produce(runDeployment, { deploymentId: randomUUID() });
    await vi.waitFor(() => expect(attempts).toEqual([1, 2, 3]), once10s);
  });

  it('does not leave a job that waits to be tried again where a clock that is set back puts it', async () => {
    const seen = vi.fn(async () => {});
    const both = queues();
    await both.consume([handle(runDeployment, seen)], { concurrency: 1 });
    await both.produce(runDeployment, { deploymentId: randomUUID() }, { delayMs: 20_000 });
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      vi.setSystemTime(Date.now() - 3_600_000);
      await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), once10s);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fails a job at once when trying again cannot help, tells its handler, and blocks nothing by it', async () => {
    const run = vi.fn(async () => {
      throw new AppError('not_found', { detail: 'There is no such deployment.' });
    });
    const failed = vi.fn(async () => {});
    const deploymentId = randomUUID();
    const both = queues();
    await both.consume([handle(runDeployment, run, failed)], { concurrency: 1 });
    await both.produce(runDeployment, { deploymentId });
    await vi.waitFor(() => expect(failed).toHaveBeenCalledWith({ deploymentId }, expect.objectContaining({ code: 'not_found' })), once10s);
    expect(run).toHaveBeenCalledTimes(1);
    await both.produce(runDeployment, { deploymentId });
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(2), once10s);
  });

  it('tells the handler of a job that was tried in vain its own error, and not what caused it', async () => {
    const failed = vi.fn(async () => {});
    const run = async () => {
      throw new AppError('unavailable', { detail: 'The registry does not answer.', cause: new Error('ECONNREFUSED') });
    };
    const both = queues();
    await both.consume([handle(runDeployment, run, failed)], { concurrency: 1 });
    const deploymentId = randomUUID();
    const raw = new Queue('deployments', { connection: { host: '127.0.0.1', port }, prefix: 'molo' });
    await raw.add('deployment.run@1', { deploymentId }, { attempts: 1 });
    await vi.waitFor(() => expect(failed).toHaveBeenCalledWith({ deploymentId }, expect.objectContaining({ code: 'unavailable' })), once10s);
    await raw.close();
  });

  it('fails a malformed job once, without running it', async () => {
    const run = vi.fn(async () => {});
    const error = vi.fn();
    const both = new Queues(url, { warn: () => undefined, error });
    opened.push(both);
    await both.consume([handle(runDeployment, run)], { concurrency: 1 });
    const raw = new Queue('deployments', { connection: { host: '127.0.0.1', port }, prefix: 'molo' });
    await raw.add('deployment.run@1', { deploymentId: 42 }, { attempts: 5 });
    await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(1), once10s);
    await raw.close();
    expect(run).not.toHaveBeenCalled();
  });

  it('puts a job back when its process shuts down in the middle of it', async () => {
    const first = queues();
    const deploymentId = randomUUID();
    let started = false;
    const run = handle(runDeployment, async (_data, { signal }) => {
      started = true;
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    });
    await first.consume([run], { concurrency: 2 });
    await first.produce(runDeployment, { deploymentId });
    await vi.waitFor(() => expect(started).toBe(true), once10s);
    await first.close();
    const seen = vi.fn(async () => {});
    await queues().consume([handle(runDeployment, seen)], { concurrency: 1 });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledWith({ deploymentId }, expect.objectContaining({ attempt: 1 })), { timeout: 3000, interval: 10 });
  });
});

describe('a Redis that fails', () => {
  it('goes on with new jobs after everything in Redis was flushed', async () => {
    const seen = vi.fn(async () => {});
    const both = queues();
    const consumer = await both.consume([handle(runDeployment, seen)], { concurrency: 1 });
    await consumer.ready();
    await both.produce(runDeployment, { deploymentId: randomUUID() });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), once10s);
    await redis((client) => client.flushall());
    await both.produce(runDeployment, { deploymentId: randomUUID() });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(2), { timeout: 3000, interval: 10 });
  });

  it('runs a job once when Redis forgets it in the middle and is given it again', async () => {
    let finish = () => {};
    const run = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const deploymentId = randomUUID();
    const both = queues();
    await both.consume([handle(runDeployment, run)], { concurrency: 4 });
    await both.produce(runDeployment, { deploymentId });
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1), once10s);
    await redis((client) => client.flushall());
    await both.produce(runDeployment, { deploymentId });
    await vi.waitFor(async () => expect(await redis((client) => client.llen('molo:deployments:active'))).toBe(1), once10s);
    finish();
    await vi.waitFor(async () => expect(await redis((client) => client.llen('molo:deployments:active'))).toBe(0), once10s);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('tells a producer within seconds that Redis is gone, and works again once it is back', async () => {
    const seen = vi.fn(async () => {});
    const both = queues();
    const consumer = await both.consume([handle(runDeployment, seen)], { concurrency: 1 });
    await consumer.ready();
    await killRedis();
    await expect(both.produce(runDeployment, { deploymentId: randomUUID() })).rejects.toMatchObject({ code: 'unavailable' });
    await startRedis();
    const deploymentId = randomUUID();
    await vi.waitFor(() => both.produce(runDeployment, { deploymentId }), once10s);
    await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), once10s);
  });

  it('tells a producer within seconds when Redis was never there', async () => {
    const nobody = new Queues('redis://127.0.0.1:1', quiet);
    opened.push(nobody);
    await expect(nobody.produce(runDeployment, { deploymentId: randomUUID() })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('tells a producer within seconds when Redis hangs', async () => {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const hanging = new Queues(`redis://127.0.0.1:${(mute.address() as AddressInfo).port}`, quiet);
    opened.push(hanging);
    await expect(hanging.produce(runDeployment, { deploymentId: randomUUID() })).rejects.toMatchObject({ code: 'unavailable' });
    mute.close();
  }, 15_000);

  it('takes over a job whose worker was killed, within 20 seconds', async () => {
    const deploymentId = randomUUID();
    const script = `
      import { Worker } from 'bullmq';
      import { Redis } from 'ioredis';
      const connection = new Redis(${JSON.stringify(url)}, { maxRetriesPerRequest: null });
      new Worker('deployments', () => new Promise(() => console.log('running')), { connection, prefix: 'molo', ...${JSON.stringify(takeover)} });`;
    await queues().produce(runDeployment, { deploymentId });
    const doomed = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname });
    await once(doomed.stdout, 'data');
    doomed.kill('SIGKILL');
    const seen = vi.fn(async () => {});
    await queues().consume([handle(runDeployment, seen)], { concurrency: 1 });
    await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1), { timeout: 20_000, interval: 50 });
  });
});

describe('assertHandlers', () => {
  const cancel = handle(cancelBuild, async () => {});
  const read = handle(readLogs, async () => {});

  it('takes exactly one handler for each job of a queue', () => {
    expect(() => assertHandlers([cancel, read])).not.toThrow();
  });
  it('refuses a job with no handler', () => {
    expect(() => assertHandlers([cancel])).toThrow(/logs\.read .* 0 handlers/);
  });
  it('refuses a job with two handlers', () => {
    expect(() => assertHandlers([cancel, cancel, read])).toThrow(/build\.cancel .* 2 handlers/);
  });
  it('refuses handlers of two queues in one consumer', () => {
    expect(() => assertHandlers([cancel, read, handle(runBuild, async () => {})])).toThrow(/one queue/);
  });
});
