import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EnvironmentLog, type LogRecord } from './environment-log.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'molo-log-'));
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
  rmSync(folder, { recursive: true, force: true });
});

const logs: EnvironmentLog[] = [];
function opened(...args: ConstructorParameters<typeof EnvironmentLog>): EnvironmentLog {
  const log = new EnvironmentLog(...args);
  logs.push(log);
  return log;
}

function record(number: number, changes: Partial<LogRecord> = {}): LogRecord {
  return { at: `2026-01-01T00:00:00.${String(number).padStart(9, '0')}Z`, c: 'c00000000001', i: 'instance', p: 'web', n: 'web.1', r: 1, s: 'stdout', t: `line ${number}`, ...changes };
}

const all = () => true;
const texts = (records: readonly LogRecord[]) => records.map((each) => each.t);
const files = () => readdirSync(folder).toSorted();

it('gives the last lines, over files, oldest first', async () => {
  const log = opened(folder, { fileBytes: 500, files: 100 });
  for (let number = 0; number < 30; number++) await log.append([record(number)]);
  expect(files().length).toBeGreaterThan(3);
  expect(texts(await log.tail(5, all))).toEqual(['line 25', 'line 26', 'line 27', 'line 28', 'line 29']);
  expect(await log.tail(0, all)).toEqual([]);
  expect((await log.tail(1000, all)).length).toBe(30);
});

it('keeps no more files, and no larger ones, than it may', async () => {
  const log = opened(folder, { fileBytes: 500, files: 3 });
  for (let number = 0; number < 100; number++) await log.append([record(number)]);
  expect(files().length).toBe(3);
  expect(Math.max(...files().map((file) => statSync(join(folder, file)).size))).toBeLessThanOrEqual(500);
  expect(texts(await log.tail(1, all))).toEqual(['line 99']);
});

it('knows how far each container was read, after it was opened again', async () => {
  const first = opened(folder, { fileBytes: 400, files: 50 });
  await first.append([record(1), record(2, { t: 'a' }), record(2, { t: 'b' })]);
  for (let number = 3; number < 20; number++) await first.append([record(number, { c: 'c00000000002' })]);
  await first.close();
  const second = opened(folder);
  expect(await second.position('c00000000001')).toEqual({ at: record(2).at, count: 2 });
  expect(await second.position('c00000000002')).toEqual({ at: record(19).at, count: 1 });
  expect(await second.position('c00000000003')).toBeNull();
});

it('goes on after a line that a kill tore, and leaves the torn one out', async () => {
  const first = opened(folder);
  await first.append([record(1), record(2)]);
  await first.close();
  const file = join(folder, files()[0]!);
  truncateSync(file, statSync(file).size - 20);
  const second = opened(folder);
  expect(await second.position('c00000000001')).toEqual({ at: record(1).at, count: 1 });
  await second.append([record(2), record(3)]);
  expect(texts(await second.tail(10, all))).toEqual(['line 1', 'line 2', 'line 3']);
});

it('is not confused by what is no record', async () => {
  const log = opened(folder);
  await log.append([record(1)]);
  appendFileSync(join(folder, files()[0]!), '{"at":1}\nnonsense\n');
  await log.append([record(2)]);
  expect(texts(await log.tail(10, all))).toEqual(['line 1', 'line 2']);
});

it('gives a follower every line once, from the tail on, while lines come in', async () => {
  const log = opened(folder, { fileBytes: 2000, files: 100 });
  const got: string[] = [];
  const writes: Promise<void>[] = [];
  for (let number = 0; number < 100; number++) writes.push(log.append([record(number)]));
  const following = log.tailAndFollow(1000, all, (records) => got.push(...texts(records)));
  for (let number = 100; number < 200; number++) writes.push(log.append([record(number)]));
  const { tail, stop } = await following;
  await Promise.all(writes);
  stop();
  await log.append([record(200)]);
  expect([...texts(tail), ...got]).toEqual(Array.from({ length: 200 }, (_, index) => `line ${index}`));
});

it('gives a follower the lines that it asked for alone', async () => {
  const log = opened(folder);
  const got: string[] = [];
  const { stop } = await log.tailAndFollow(10, (each) => each.p === 'worker', (records) => got.push(...texts(records)));
  await log.append([record(1), record(2, { p: 'worker' })]);
  stop();
  expect(got).toEqual(['line 2']);
});
