import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Caller } from '../access/caller.js';
import type { Revocations } from '../access/revocations.js';
import type { Config } from '../config.js';
import type { Log } from '../log.js';
import type { DiskRoom } from './disk-room.js';
import { GitProcesses } from './git-processes.js';
import { callerWith } from './git-test-platform.js';
import { Pushes } from './pushes.js';
import { Repositories } from './repositories.js';
import { Upkeep } from './upkeep.js';

const app = { id: 'id', name: 'myapp', deployBranch: 'main' };

let home: string;
let processes: GitProcesses;
/** As if rights had changed somewhere. */
let rightsChanged: () => void;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'molo-processes-'));
  const config = { path: (...parts: string[]) => join(home, ...parts) } as Config;
  const repositories = new Repositories(config);
  await repositories.create('myapp');
  const listeners = new Set<() => void>();
  rightsChanged = () => listeners.forEach((listener) => listener());
  const listen = (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener));
  processes = new GitProcesses(config, repositories, new Pushes(), new Upkeep(repositories, {} as Log), {} as DiskRoom, { listen } as unknown as Revocations);
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

function fetchBy(who: () => Promise<Caller | null>): ChildProcessWithoutNullStreams {
  return processes.start({ service: 'git-upload-pack', app, caller: callerWith('ada', ['read']), who, protocol: 'version=2', flags: [] });
}

it('runs no more git programs at once than the machine bears, and takes the next when one has ended', async () => {
  const start = () => fetchBy(() => Promise.resolve(null));
  const first = start();
  const others = Array.from({ length: 255 }, start);
  expect(start).toThrow('Too many pushes and fetches are under way');
  first.kill();
  await once(first, 'close');
  others.push(start());
  for (const child of others) child.kill();
  await Promise.all(others.map((child) => once(child, 'close')));
});

it('ends a fetch whose caller may not read any more, and no other', async () => {
  const may = () => Promise.resolve(callerWith('ada', ['read']));
  const nobodyCanBeAsked = () => Promise.reject(new Error('the database is away'));
  const [mayStill, unknown] = [fetchBy(may), fetchBy(nobodyCanBeAsked)];
  const [gone, mayNot] = [fetchBy(() => Promise.resolve(null)), fetchBy(() => Promise.resolve(callerWith('ada', ['administer'])))];
  const ended = Promise.all([gone, mayNot].map((child) => once(child, 'close')));
  rightsChanged();
  await ended;
  expect([mayStill, unknown].map(({ killed, exitCode }) => ({ killed, exitCode }))).toEqual([{ killed: false, exitCode: null }, { killed: false, exitCode: null }]);
  const rest = Promise.all([mayStill, unknown].map((child) => once(child, 'close')));
  for (const child of [mayStill, unknown]) child.kill();
  await rest;
});
