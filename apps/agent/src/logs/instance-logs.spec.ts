import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Container } from '../engine/engine.js';
import type { DeploymentLines } from './deployment-lines.js';
import { InstanceLogs } from './instance-logs.js';
import { LogStore } from './log-store.js';

let home: string;
let logFile: string;
let store: LogStore;
let logs: InstanceLogs;
let container: Container;
let sent: string[];
let count: number;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-logs-'));
  mkdirSync(join(home, 'engine'));
  logFile = join(home, 'engine/c-json.log');
  writeFileSync(logFile, '');
  sent = [];
  count = 0;
  startAgent();
  container = {
    id: 'c'.repeat(64),
    name: 'web',
    labels: { 'molo.environment-id': 'env', 'molo.instance': 'one', 'molo.process': 'web', 'molo.index': '2', 'molo.release': '7', 'molo.deployment': 'd' },
    status: 'running',
    pid: 1,
    startedAt: new Date(),
    finishedAt: null,
    exitCode: 0,
    outOfMemory: false,
    address: null,
    imageHealth: 'none',
    logFile,
  };
});
afterEach(async () => {
  await stopAgent();
  rmSync(home, { recursive: true, force: true });
});

function startAgent(): void {
  const deployments = { add: (_container: Container, lines: readonly { text: string }[]) => sent.push(...lines.map((line) => line.text)), forget: () => undefined };
  store = new LogStore({ home });
  logs = new InstanceLogs(store, deployments as unknown as DeploymentLines, pino({ level: 'silent' }));
}

async function stopAgent(): Promise<void> {
  await logs.onModuleDestroy();
  await store.onModuleDestroy();
}

/** Writes lines as the engine does; every two bear the same time. */
function write(lines: number): void {
  for (let each = 0; each < lines; each++, count++) appendFileSync(logFile, entry(`line ${count}\n`));
}

function entry(log: string, stream = 'stdout'): string {
  const time = `2026-01-01T00:00:00.${String(1000 + Math.floor(count / 2)).padStart(6, '0').replace(/0+$/, '')}Z`;
  return `${JSON.stringify({ log, stream, time })}\n`;
}

/** Begins a new file as the engine does. */
function rotate(mostFiles = 4): void {
  for (let number = mostFiles - 2; number >= 0; number -= 1) {
    const name = number === 0 ? logFile : `${logFile}.${number}`;
    if (statSync(name, { throwIfNoEntry: false })) renameSync(name, `${logFile}.${number + 1}`);
  }
  writeFileSync(logFile, '');
}

const records = () => store.of('env').tail(100_000, () => true);
const texts = async () => (await records()).map((record) => record.t);
const expected = (lines: number) => Array.from({ length: lines }, (_, index) => `line ${index}`);
const has = (lines: number) => waitFor(async () => (await texts()).length >= lines, { what: `${lines} lines` });

it('reads each line once, over the files that the engine begins meanwhile', async () => {
  logs.follow(container, () => false);
  for (let round = 0; round < 30; round += 1) {
    write(20);
    if (round % 3 === 0) rotate();
    if (round % 7 === 0) await has(count - 20);
  }
  await has(count);
  expect(await texts()).toEqual(expected(600));
});

it('reads what was there when it came, the oldest file first', async () => {
  for (let round = 0; round < 4; round += 1) {
    write(5);
    if (round < 3) rotate();
  }
  logs.follow(container, () => false);
  await has(20);
  expect(await texts()).toEqual(expected(20));
});

it('reads on where the agent before it was, though files were begun and the clock was set back', async () => {
  write(5);
  logs.follow(container, () => false);
  await has(5);
  await stopAgent();
  write(4);
  rotate();
  count -= 6;
  write(6);
  startAgent();
  logs.follow(container, () => false);
  await has(15);
  expect(await texts()).toEqual([...expected(9), ...expected(9).slice(3)]);
  expect(logs.lastLines('one')).toEqual(await texts());
});

it('says that lines are missing where the engine removed them before they were read', async () => {
  write(6);
  logs.follow(container, () => false);
  await has(6);
  await stopAgent();
  for (let round = 0; round < 5; round += 1) {
    rotate();
    write(6);
  }
  startAgent();
  logs.follow(container, () => false);
  await has(31);
  const found = await records();
  expect(found.slice(0, 6).map((record) => record.t)).toEqual(expected(6));
  expect(found[6]).toMatchObject({ s: 'molo', t: expect.stringContaining('missing') });
  expect(found.slice(7).map((record) => record.t)).toEqual(expected(36).slice(12));
});

it('goes on behind an entry that an engine left half when it was killed', async () => {
  write(1);
  appendFileSync(logFile, '{"log":"half of a li');
  write(2);
  logs.follow(container, () => false);
  await has(3);
  expect(await texts()).toEqual(expected(3));
});

it('keeps who said it, and sends it to the deployment only while that is wanted', async () => {
  let wanted = true;
  write(1);
  logs.follow(container, () => wanted);
  await has(1);
  wanted = false;
  write(1);
  await has(2);
  expect((await records())[1]).toMatchObject({ n: 'web.2', p: 'web', i: 'one', r: 7, at: '2026-01-01T00:00:00.001000000Z' });
  expect(sent).toEqual(['line 0']);
});

it('sends what went to the deployment once more after a restart: the agent before may have been killed before it was sent', async () => {
  let wanted = true;
  write(3);
  logs.follow(container, () => wanted);
  await has(3);
  wanted = false;
  write(2);
  await has(5);
  await stopAgent();
  sent = [];
  startAgent();
  logs.follow(container, () => false);
  await waitFor(() => sent.length >= 3, { what: 'the lines of the deployment' });
  write(1);
  await has(6);
  expect(sent).toEqual(expected(3));
});

it('sends nothing again of a container that started long ago', async () => {
  const old = { ...container, startedAt: new Date(Date.now() - 2 * 3600_000) };
  write(3);
  logs.follow(old, () => true);
  await has(3);
  await stopAgent();
  sent = [];
  startAgent();
  logs.follow(old, () => false);
  write(1);
  await has(4);
  expect(sent).toEqual([]);
});

it('keeps the last fifty lines of an ended container at hand for a failure, the last though it has no end', async () => {
  write(60);
  appendFileSync(logFile, entry('bye'));
  logs.follow({ ...container, status: 'exited' }, () => false);
  await logs.settled(container.id, 5000);
  expect(logs.lastLines('one')).toEqual([...expected(60), 'bye'].slice(-50));
  await stopAgent();
  startAgent();
  logs.follow({ ...container, status: 'exited' }, () => false);
  await logs.settled(container.id, 5000);
  expect((await texts()).length).toBe(61);
});

it('has read all that a container said once it has settled', async () => {
  logs.follow(container, () => false);
  write(5000);
  await logs.settled(container.id, 5000);
  expect(await texts()).toEqual(expected(5000));
  expect(readdirSync(join(home, 'engine'))).toEqual(['c-json.log']);
});
