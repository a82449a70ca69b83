import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type InstanceLogLine, LogPage, longestLogStream } from '@molo/contracts';
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
const request = { nodeId: '', requestId: '', environmentId: '', process: null as string | null, lines: 100, from: null as string | null, follow: false };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-reader-'));
  store = new LogStore({ home });
  reader = new LogReader({ redisUrl: testRedisUrl() }, store);
  redis = connectRedis(testRedisUrl());
  Object.assign(request, { nodeId: randomUUID(), requestId: randomUUID(), environmentId: randomUUID(), process: null, lines: 100, from: null, follow: false });
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

async function stream(): Promise<{ lines: InstanceLogLine[]; ends: string[]; ended: boolean; entries: number }> {
  const entries = await redis.xrange(key(), '-', '+');
  const pages = entries.flatMap(([, [field, value]]) => (field === 'page' ? [LogPage.parse(JSON.parse(value!))] : []));
  return { lines: pages.flatMap(({ lines }) => lines), ends: pages.flatMap(({ ends }) => ends), ended: entries.at(-1)?.[1][0] === 'end', entries: entries.length };
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
  expect(await stream()).toMatchObject({ lines: [], ended: true });
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

it('goes on behind the line that a reader saw last', async () => {
  const log = store.of(request.environmentId);
  await log.append([record(1), record(2), record(3)]);
  await reader.read(request, never);
  const { ends } = await stream();
  await redis.del(key());
  await reader.read({ ...request, from: ends[1]! }, never);
  expect((await stream()).lines.map(({ text }) => text)).toEqual(['line 3']);
});

it('sends no more than a slow reader has room for, and all of it once there is room', async () => {
  await redis.set(logReaderKey(request.nodeId, request.requestId), '1', 'EX', 60);
  const log = store.of(request.environmentId);
  const total = (longestLogStream + 20) * 200;
  await log.append(Array.from({ length: total }, (_, index) => record(index)));
  const reading = reader.read({ ...request, lines: total, follow: false }, never);
  await waitFor(async () => (await redis.xlen(key())) >= longestLogStream, { what: 'a full stream' });
  const got: string[] = [];
  await waitFor(
    async () => {
      expect(await redis.xlen(key())).toBeLessThanOrEqual(longestLogStream + 1);
      for (const [id, [field, value]] of await redis.xrange(key(), '-', '+')) {
        await redis.xdel(key(), id);
        if (field === 'end') return true;
        if (field === 'page') got.push(...LogPage.parse(JSON.parse(value!)).lines.map(({ text }) => text));
      }
      return false;
    },
    { timeoutMs: 20_000, what: 'the end' },
  );
  await reading;
  expect(got).toEqual(Array.from({ length: total }, (_, index) => `line ${index}`));
});
