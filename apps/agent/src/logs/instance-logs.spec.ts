import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Container } from '../engine/engine.js';
import { FakeEngine } from '../engine/fake-engine.js';
import type { DeploymentLines } from './deployment-lines.js';
import { InstanceLogs } from './instance-logs.js';
import { LogStore } from './log-store.js';

const log = pino({ level: 'silent' });
let home: string;
let engine: FakeEngine;
let store: LogStore;
let logs: InstanceLogs;
let container: Container;
let sent: string[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-logs-'));
  engine = new FakeEngine();
  store = new LogStore({ home });
  sent = [];
  logs = instanceLogs();
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
  };
  engine.containers.set(container.id, container);
  engine.output.set(container.id, []);
});
afterEach(async () => {
  await logs.onModuleDestroy();
  await store.onModuleDestroy();
  rmSync(home, { recursive: true, force: true });
});

function instanceLogs(): InstanceLogs {
  const deployments = { add: (_container: Container, lines: readonly { text: string }[]) => sent.push(...lines.map((line) => line.text)), forget: () => undefined };
  return new InstanceLogs(engine, store, deployments as unknown as DeploymentLines, log);
}

let count = 0;
/** Every two lines bear the same time. */
function write(lines: number): void {
  for (let each = 0; each < lines; each++, count++) {
    engine.output.get(container.id)!.push({ at: `2026-01-01T00:00:${String(Math.floor(count / 2)).padStart(2, '0')}.000000000Z`, text: `line ${count}` });
  }
}
beforeEach(() => {
  count = 0;
});

const texts = async () => (await store.of('env').tail(1000, () => true)).map((record) => record.t);
const expected = (lines: number) => Array.from({ length: lines }, (_, index) => `line ${index}`);
const has = (lines: number) => waitFor(async () => (await texts()).length >= lines, { what: `${lines} lines` });

it('reads on where it was when the stream broke off or the engine was down, each line once', async () => {
  write(3);
  logs.follow(container, () => false);
  await has(3);
  write(2);
  await has(5);
  engine.down = true;
  write(2);
  engine.down = false;
  await has(7);
  expect(await texts()).toEqual(expected(7));
});

it('reads on where the agent before it was', async () => {
  write(5);
  logs.follow(container, () => false);
  await has(5);
  await logs.onModuleDestroy();
  write(4);
  logs = instanceLogs();
  logs.follow(container, () => false);
  await has(9);
  expect(await texts()).toEqual(expected(9));
  expect(logs.lastLines('one')).toEqual(expected(9));
});

it('keeps who said it, and sends it to the deployment only while that is wanted', async () => {
  let wanted = true;
  write(1);
  logs.follow(container, () => wanted);
  await has(1);
  wanted = false;
  write(1);
  await has(2);
  expect((await store.of('env').tail(1, () => true))[0]).toMatchObject({ n: 'web.2', p: 'web', i: 'one', r: 7 });
  expect(sent).toEqual(['line 0']);
});

it('keeps the last fifty lines at hand for a failure', async () => {
  write(60);
  engine.exit(container.id, 1);
  logs.follow(container, () => false);
  await logs.settled(container.id, 5000);
  expect(logs.lastLines('one')).toEqual(expected(60).slice(-50));
});

it('passes over lines that the engine says once more in the middle of its stream', async () => {
  write(6);
  const output = engine.output.get(container.id)!;
  output.push(...output.slice(2, 4));
  write(2);
  logs.follow(container, () => false);
  await has(8);
  expect(await texts()).toEqual(expected(8));
});
