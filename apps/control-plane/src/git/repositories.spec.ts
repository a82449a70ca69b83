import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utimes } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../config.js';
import { runGit } from './git-command.js';
import { Repositories } from './repositories.js';

let home: string;
let repositories: Repositories;
let path: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-repositories-'));
  repositories = new Repositories({ path: (...parts: string[]) => join(home, ...parts) } as Config);
  path = repositories.pathOf('myapp');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function commit(message: string, parent?: string): Promise<string> {
  const author = 'Ada <ada@example.com> 1700000000 +0000';
  const tree = (await runGit(['-C', path, 'mktree'])).toString().trim();
  return (await runGit(['-C', path, 'hash-object', '-t', 'commit', '-w', '--stdin'], `tree ${tree}\n${parent === undefined ? '' : `parent ${parent}\n`}author ${author}\ncommitter ${author}\n\n${message}\n`)).toString().trim();
}

async function main(): Promise<string> {
  return (await runGit(['-C', path, 'rev-parse', 'refs/heads/main'])).toString().trim();
}

describe('create', () => {
  it('makes one repository however many make it at once, and nothing else', async () => {
    await Promise.all(Array.from({ length: 8 }, () => repositories.create('myapp')));
    expect((await runGit(['-C', path, 'rev-parse', '--is-bare-repository'])).toString().trim()).toBe('true');
    expect((await runGit(['-C', path, 'symbolic-ref', 'HEAD'])).toString().trim()).toBe('refs/heads/main');
  });

  it('lets a clone check out the branch that deploys, also after it changed', async () => {
    await repositories.create('myapp', 'main');
    await repositories.create('myapp', 'release');
    expect((await runGit(['-C', path, 'symbolic-ref', 'HEAD'])).toString().trim()).toBe('refs/heads/release');
  });

  it.each(['../etc', 'a/b', '.', 'UPPER', ''])('takes no name such as %j', async (name) => {
    await expect(repositories.create(name)).rejects.toThrow();
  });
});

describe('moveRef', () => {
  it('moves a ref once, however often it is told', async () => {
    await repositories.create('myapp');
    const one = await commit('One');
    for (let times = 0; times < 3; times++) await repositories.moveRef('myapp', 'refs/heads/main', one, '0'.repeat(40));
    expect(await main()).toBe(one);
  });

  it('ends at what went live last, wherever the pusher knew the ref to be', async () => {
    await repositories.create('myapp');
    const [one, two] = [await commit('One'), await commit('Two')];
    await repositories.moveRef('myapp', 'refs/heads/main', one, null);
    await repositories.moveRef('myapp', 'refs/heads/main', two, null);
    expect(await main()).toBe(two);
  });

  it('gets past the lock of a git that was killed', async () => {
    await repositories.create('myapp');
    const [one, two] = [await commit('One'), await commit('Two')];
    await repositories.moveRef('myapp', 'refs/heads/main', one, null);
    const lock = join(path, 'refs/heads/main.lock');
    writeFileSync(lock, '');
    await utimes(lock, 1, 1);
    await repositories.moveRef('myapp', 'refs/heads/main', two, one);
    expect(await main()).toBe(two);
  });
});

describe('a branch', () => {
  it('is in the way of those above and below it, and of no other', async () => {
    await repositories.create('myapp');
    const one = await commit('One');
    for (const name of ['release/1/x', 'release/10', 'trunk']) await repositories.moveRef('myapp', `refs/heads/${name}`, one, null);
    const asked = ['main', 'release', 'release/1', 'release/1/x', 'release/1/x/y', 'release/2', 'trunk/a', 'trunk-a'];
    expect(await Promise.all(asked.map((name) => repositories.branchInTheWay('myapp', name)))).toEqual([null, 'release/1/x', 'release/1/x', null, 'release/1/x', null, 'trunk', null]);
  });

  it('is overtaken where others moved it meanwhile to what the push does not have, unless the push was forced', async () => {
    await repositories.create('myapp');
    const [none, ref] = ['0'.repeat(40), 'refs/heads/main'];
    const base = await commit('Base');
    const [left, right] = [await commit('Left', base), await commit('Right', base)];
    const isOvertaken = (oldId: string, newId: string) => repositories.isOvertaken('myapp', { ref, oldId, newId });
    expect(await isOvertaken(none, base)).toBe(false);
    await repositories.moveRef('myapp', ref, base, null);
    expect([await isOvertaken(none, left), await isOvertaken(base, left)]).toEqual([false, false]);
    await repositories.moveRef('myapp', ref, left, base);
    expect([await isOvertaken(none, right), await isOvertaken(base, right), await isOvertaken(left, right), await isOvertaken(base, left)]).toEqual([true, true, false, false]);
    expect([await isOvertaken(base, await commit('Both', left)), await isOvertaken(right, base)]).toEqual([false, false]);
  });
});

it('a start takes away what a process that was killed left, and nothing that another may be at work on', async () => {
  await repositories.create('myapp');
  const [left, young] = [join(home, 'git', '.gone.0123456789ab'), join(home, 'git', '.other.0123456789ab')];
  for (const folder of [left, young]) mkdirSync(join(folder, 'objects'), { recursive: true });
  await utimes(left, 1, 1);
  await repositories.onModuleInit();
  expect(readdirSync(join(home, 'git')).toSorted()).toEqual(['.other.0123456789ab', 'myapp.git']);
});

it('remove is done once it is done', async () => {
  await repositories.create('myapp');
  await repositories.remove('myapp');
  await repositories.remove('myapp');
  await expect(main()).rejects.toThrow();
});
