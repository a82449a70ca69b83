import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EnvironmentLog, type LogRecord, type Place } from './environment-log.js';

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

/** Everything from a place on, part by part, and whether lines were missing. */
async function readAll(log: EnvironmentLog, from: Place): Promise<{ texts: string[]; hasGap: boolean }> {
  const found: string[] = [];
  for (let place = from, hasGap = false; ; ) {
    const part = await log.read(place);
    found.push(...texts(part.records.map(({ record }) => record)));
    hasGap ||= part.hasGap;
    place = part.next;
    if (part.isAtEnd) return { texts: found, hasGap };
  }
}

it('is read on from behind any line, over files, with none lost or said twice', async () => {
  const log = opened(folder, { fileBytes: 2000, files: 100 });
  for (let number = 0; number < 100; number++) await log.append([record(number)]);
  const { records } = await log.read({ file: 1, offset: 0 });
  const behindThird = records[2]!.end;
  expect((await readAll(log, behindThird)).texts).toEqual(Array.from({ length: 97 }, (_, index) => `line ${index + 3}`));
  expect((await readAll(log, await log.placeBefore(5, all))).texts).toEqual(['line 95', 'line 96', 'line 97', 'line 98', 'line 99']);
  expect((await readAll(log, await log.end())).texts).toEqual([]);
});

it('gives a reader every line once while lines come in and files are begun', async () => {
  const log = opened(folder, { fileBytes: 2000, files: 1000 });
  const writing = (async () => {
    for (let number = 0; number < 500; number++) await log.append([record(number)]);
  })();
  const got: string[] = [];
  for (let place: Place = { file: 1, offset: 0 }; got.length < 500; ) {
    const part = await log.read(place);
    got.push(...texts(part.records.map((each) => each.record)));
    place = part.next;
  }
  await writing;
  expect(got).toEqual(Array.from({ length: 500 }, (_, index) => `line ${index}`));
});

it('tells a reader that lines are missing where its file is gone', async () => {
  const log = opened(folder, { fileBytes: 500, files: 3 });
  for (let number = 0; number < 100; number++) await log.append([record(number)]);
  const { texts: read, hasGap } = await readAll(log, { file: 1, offset: 0 });
  expect(hasGap).toBe(true);
  expect(read.at(-1)).toBe('line 99');
});

it('reads a line that is longer than a part, and one that is written half only when it is whole', async () => {
  const log = opened(folder);
  await log.append([record(1, { t: 'x'.repeat(600_000) }), record(2)]);
  appendFileSync(join(folder, files()[0]!), '{"at":"2026');
  const { texts: read } = await readAll(log, { file: 1, offset: 0 });
  expect(read.map((text) => text.length)).toEqual([600_000, 'line 2'.length]);
});

it('says to who waits that it was added to', async () => {
  const log = opened(folder);
  let told = 0;
  const stop = log.onAppend(() => (told += 1));
  await log.append([record(1), record(2)]);
  stop();
  await log.append([record(3)]);
  expect(told).toBe(1);
});
