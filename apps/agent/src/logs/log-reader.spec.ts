import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceLogLine } from '@molo/contracts';
import { connectRedis, logReaderKey, logStreamKey } from '@molo/queue';
import { testRedisUrl, waitFor } from '@molo/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogRecord } from './environment-log.js';
import { LogReader } from './log-reader.js';
import { LogStore } from './log-store.js';

let home: string;
let store: LogStore;
let reader: LogReader;
let redis: ReturnType<typeof connectRedis>;
const request = { nodeId: '', requestId: '', environmentId: '', process: null as string | null, lines: 100, follow: false };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-reader-'));
  store = new LogStore({ home });
  reader = new LogReader({ redisUrl: testRedisUrl() }, store);
  redis = connectRedis(testRedisUrl());
  Object.assign(request, { nodeId: randomUUID(), requestId: randomUUID(), environmentId: randomUUID(), process: null, lines: 100, follow: false });
});
afterEach(async () => {
  reader.onModuleDestroy();
  await redis.del(key(), logReaderKey(request.nodeId, request.requestId));
  redis.disconnect();
  await store.onModuleDestroy();
  rmSync(home, { recursive: true, force: true });
});

const key = () => logStreamKey(request.nodeId, request.requestId);
const never = new AbortController().signal;

function record(number: number, process = 'web'): LogRecord {
  return { at: new Date(number).toISOString(), c: 'c', i: 'i', p: process, n: `${process}.1`, r: 2, s: 'stdout', t: `line ${number}` };
}

async function stream(): Promise<{ lines: InstanceLogLine[]; ended: boolean }> {
  const entries = await redis.xrange(key(), '-', '+');
  const lines = entries.flatMap(([, [field, value]]) => (field === 'lines' ? InstanceLogLine.array().parse(JSON.parse(value!)) : []));
  return { lines, ended: entries.at(-1)?.[1][0] === 'end' };
}

it('gives the last lines of one process type, then the end, in a stream that goes by itself', async () => {
  await store.of(request.environmentId).append([record(1), record(2, 'worker'), record(3), record(4)]);
  await reader.read({ ...request, process: 'web', lines: 2 }, never);
  const { lines, ended } = await stream();
  expect(lines.map((line) => [line.instance, line.release, line.text])).toEqual([
    ['web.1', 2, 'line 3'],
    ['web.1', 2, 'line 4'],
  ]);
  expect(ended).toBe(true);
  expect(await redis.ttl(key())).toBeGreaterThan(0);
});

it('ends at once for an environment that has no log', async () => {
  await reader.read(request, never);
  expect(await stream()).toEqual({ lines: [], ended: true });
});

it('follows new lines for as long as there is a reader and the agent runs', async () => {
  await redis.set(logReaderKey(request.nodeId, request.requestId), '1', 'EX', 60);
  const log = store.of(request.environmentId);
  await log.append([record(1)]);
  const stopping = new AbortController();
  const reading = reader.read({ ...request, follow: true }, stopping.signal);
  await waitFor(async () => (await stream()).lines.length === 1, { what: 'the tail' });
  await log.append([record(2), record(3)]);
  await waitFor(async () => (await stream()).lines.length === 3, { what: 'new lines' });
  stopping.abort();
  await reading;
  expect((await stream()).ended).toBe(true);
});
