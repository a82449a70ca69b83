import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { AppError, type AppRole, type Deployment, type Release, type Token, type User } from '@molo/contracts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeProgram } from '../program.js';
import { Bed } from '../testing/bed.js';
import type { Answers } from '../testing/stand-in-platform.js';
import { app, deployment, deploymentId, release } from '../testing/things.js';
import { candidatesFor } from './candidates.js';
import { readValues } from './values.js';

const bed = new Bed();
const ids = ['1', '2', '3'].map((last) => `0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c1${last}`) as [string, string, string];
const at = app.createdAt;
const user: User = { id: ids[0], email: 'ada@example.com', name: 'Ada Lovelace', role: 'developer', state: 'active', createdAt: at, lastSeenAt: null, secondFactor: false };
const token = (id: string, name: string): Token => ({ id, name, rights: ['read', 'deploy'], apps: null, createdAt: at, expiresAt: null, lastUsedAt: null });
const page = <Item>(...items: Item[]) => ({ items, nextCursor: null });
const member = (id: string, kind: 'user' | 'team', name: string, email: string | null, role: AppRole) => ({ id, kind, holderId: id, name, email, role, since: at });

beforeEach(() => {
  vi.stubEnv('MOLO_HOME', bed.home.path);
  vi.stubEnv('MOLO_APP', 'myapp');
});
afterEach(() => vi.unstubAllEnvs());

/** `word` or `word: what is said about it`. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(' ');
  const found = await candidatesFor(makeProgram(), words.slice(0, -1), words.at(-1) ?? '', readValues);
  if (found === 'files') throw new Error('No values, but files are offered.');
  return found.map(({ word, about }) => (about === '' ? word : `${word}: ${about}`));
}

const lists: [string, Answers, string[]][] = [
  ['apps delete ', { listApps: () => page(app) }, ['myapp: http://myapp.localhost']],
  ['audit --target ', { listApps: () => page(app) }, ['myapp', 'myapp/production']],
  ['ps --env ', { getApp: () => app }, ['production: http://myapp.localhost']],
  ['rollback ', { listReleases: () => page<Release>(release, { ...release, number: 2, version: null, live: false }) }, ['v3: live, 1.2, Say hello', 'v2: Say hello']],
  ['promote ', { listReleases: ({ params }) => page<Release>({ ...release, version: params['environment'] ?? '' }) }, ['v3: live, staging, Say hello']],
  ['promote --from next ', { listReleases: ({ params }) => page<Release>({ ...release, version: params['environment'] ?? '' }) }, ['v3: live, next, Say hello']],
  ['logs --deployment ', { listDeployments: () => page(deployment) }, [expect.stringMatching(`^${deploymentId}: live, rollback, .* ago$`) as string]],
  ['cancel ', { listDeployments: () => page<Deployment>(deployment, { ...deployment, id: ids[0], state: 'checking' }) }, [expect.stringMatching(`^${ids[0]}: checking`) as string]],
  ['logs --process ', { getFormation: () => ({ web: 2, worker: 0 }) }, ['web', 'worker']],
  ['scale web=3 ', { getFormation: () => ({ web: 2, worker: 0 }) }, ['worker=: 0 now']],
  ['config get ', { getConfig: () => ({ items: [{ key: 'GREETING', secret: true, value: null, updatedAt: at }] }) }, ['GREETING']],
  ['config set ', { getConfig: () => ({ items: [{ key: 'GREETING', secret: true, value: null, updatedAt: at }] }) }, ['GREETING=']],
  ['domains remove ', { listDomains: () => ({ items: [{ host: 'myapp.localhost', builtIn: true, createdAt: at }, { host: 'shop.example.com', builtIn: false, createdAt: at }] }) }, ['shop.example.com']],
  ['users disable ', { listUsers: () => page(user) }, ['ada@example.com: Ada Lovelace']],
  ['members add --team ', { listTeams: () => page({ id: ids[1], name: 'crew', createdAt: at, users: [user] }) }, ['crew: 1 user']],
  ['teams remove-user crew ', { listTeams: () => page({ id: ids[1], name: 'crew', createdAt: at, users: [user] }, { id: ids[2], name: 'others', createdAt: at, users: [] }) }, ['ada@example.com: Ada Lovelace']],
  ['members remove ', { listMembers: () => page(member(ids[0], 'user', 'Ada', 'ada@example.com', 'admin'), member(ids[1], 'team', 'crew', null, 'viewer')) }, ['ada@example.com: user, admin', 'crew: team, viewer']],
  ['robots remove ', { listRobots: () => page({ id: ids[0], name: 'ci', app: 'myapp', role: 'member' as const, createdAt: at }) }, ['ci: of myapp']],
  ['sessions end ', { listSessions: () => page({ id: ids[0], ip: null, userAgent: 'Firefox', createdAt: at, lastSeenAt: at, expiresAt: at, current: false }) }, [`${ids[0]}: Firefox`]],
  ['keys remove ', { listSshKeys: () => page({ id: ids[0], name: 'work laptop', fingerprint: 'SHA256:x', type: 'ssh-ed25519', createdAt: at }) }, ['work laptop: SHA256:x']],
  // Of two with one name each is named by its id.
  ['tokens revoke ', { listTokens: () => page(token(ids[0], 'ci'), token(ids[1], 'ci'), token(ids[2], 'mine')) }, [`${ids[0]}: ci, read, deploy`, `${ids[1]}: ci, read, deploy`, 'mine: read, deploy']],
];

describe('values of the platform', () => {
  test.each(lists)('molo %s', async (line, answers, expected) => {
    await bed.serve(answers);
    expect(await offered(line)).toEqual(expected);
  });

  test('are those of the app and environment that stand in the line', async () => {
    const platform = await bed.serve({ getFormation: () => ({ web: 2 }) });
    for (const line of ['logs --app other -e staging -p ', 'logs -aother --env=staging -p ']) await offered(line);
    expect(platform.asked.map(({ params }) => params)).toEqual([{ app: 'other', env: 'staging' }, { app: 'other', env: 'staging' }].map(({ app, env }) => ({ app, environment: env })));
  });

  test("are a robot's own tokens", async () => {
    const platform = await bed.serve({ listRobots: () => page({ id: ids[0], name: 'ci', app: null, role: 'member' as const, createdAt: at }), listRobotTokens: () => page(token(ids[1], 'github')) });
    expect(await offered('robots revoke-token ci ')).toEqual(['github: read, deploy']);
    expect(platform.asked.at(-1)?.params).toEqual({ robotId: ids[0] });
    expect(await offered('robots revoke-token other ')).toEqual([]);
  });

  test('come from all pages', async () => {
    await bed.serve({ listApps: ({ query }) => (query['cursor'] === 'more' ? page({ ...app, name: 'other' }) : { items: [app], nextCursor: 'more' }) });
    expect((await offered('apps delete ')).map((each) => each.split(':')[0])).toEqual(['myapp', 'other']);
  });

  test('are those that were read when the time goes out', async () => {
    const platform = await bed.serve({ listApps: () => ({ items: [app], nextCursor: 'more' }) });
    const found = await candidatesFor(makeProgram(), ['apps', 'delete'], '', (kind, asked) => readValues(kind, asked, () => platform.asked.length === 3));
    expect(found).toHaveLength(3);
  });
});

test('roles of a robot are those on the app where one is named', async () => {
  expect(await offered('robots create ci --role ')).toEqual(['sysadmin', 'developer', 'viewer', 'member']);
  expect(await offered('robots create ci --app myapp --role ')).toEqual(['admin', 'developer', 'viewer']);
});

test('branches and tags are those of this directory', async () => {
  await mkdir(`${bed.home.path}/checkout`);
  const git = (...args: string[]) => promisify(execFile)('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], { cwd: `${bed.home.path}/checkout` });
  await git('init', '-q', '-b', 'main');
  await git('commit', '-q', '--allow-empty', '-m', 'First');
  await git('tag', 'v1.1');
  const inCheckout = async (line: string) => (await bed.home.molo(['complete', 'fish', '--', ...line.split(' ')], { directory: `${bed.home.path}/checkout` })).stdout.split('\n');
  await vi.waitFor(async () => expect((await inCheckout('deploy ')).toSorted()).toEqual(['', 'main\t', 'v1.1\t', 'words']), { timeout: 15_000 });
  await vi.waitFor(async () => expect(await inCheckout('apps set-branch ')).toEqual(['words', 'main\t', '']), { timeout: 15_000 });
});

test('help is completed with the commands that there are', async () => {
  expect((await offered('help ')).map((each) => each.split(':')[0])).toContain('rollback');
});

describe('nothing is said and nothing fails', () => {
  const silent = { code: 0, stdout: '', stderr: '' };
  const ask = (environment: Record<string, string> = {}) => bed.home.molo(['complete', 'zsh', '--', 'apps', 'delete', ''], { environment });

  test('where no platform answers, nobody is signed in, or the settings are wrong', async () => {
    expect(await ask()).toEqual(silent);
    expect(await ask({ MOLO_HOME: '' })).toEqual(silent);
    expect(await ask({ MOLO_URL: 'http://localhost:1' })).toEqual(silent);
    expect(await ask({ MOLO_URL: 'nonsense' })).toEqual(silent);
  });

  test('where one may not see them', async () => {
    await bed.serve({
      listApps: () => {
        throw new AppError('forbidden', { detail: 'You may not.' });
      },
    });
    expect(await ask()).toEqual(silent);
  });

  test('where the platform does not answer in time', async () => {
    await bed.serve({ listApps: () => new Promise(() => undefined) });
    const started = Date.now();
    expect(await ask()).toEqual(silent);
    // A busy machine is slower than the second that is meant.
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test('where no words were handed over', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect((await bed.home.molo(['complete', shell])).stderr).toBe('');
  });
});
