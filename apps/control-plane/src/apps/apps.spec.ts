import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;

beforeAll(async () => {
  platform = await TestControlPlane.startWithRegistry();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const create = (name: string, more: object = {}) => platform.call(api.createApp, { body: { name, ...more } });
const ada = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' };
const repository = (name: string) => platform.config.path('git', `${name}.git`);

describe('an app', () => {
  it('comes with its production environment, its repository and its addresses', async () => {
    const { ok } = await create('myapp');
    expect(ok).toMatchObject({
      name: 'myapp',
      deployBranch: 'main',
      gitHttpUrl: 'http://molo.localhost:8080/git/myapp.git',
      gitSshUrl: expect.stringContaining('ssh://git@localhost:'),
      imageRepository: `${platform.config.registryHost}/myapp`,
      createdBy: { kind: 'owner', name: 'owner' },
      environments: [{ name: 'production', url: 'http://myapp.localhost:8080', liveRelease: null, activeDeployment: null, lastDeployment: null, instances: { wanted: 0, healthy: 0 } }],
    });
    expect(existsSync(repository('myapp'))).toBe(true);
    expect((await platform.call(api.getApp, { params: { app: 'myapp' } })).ok).toEqual(ok);
  });

  it('is made once when many make it at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create('racing')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ problem }) => problem?.code === 'already_exists')).toHaveLength(19);
  });

  it('changes its deploying branch', async () => {
    await create('branchy', { deployBranch: 'trunk' });
    const { ok } = await platform.call(api.updateApp, { params: { app: 'branchy' }, body: { deployBranch: 'release/1.x' } });
    expect(ok.deployBranch).toBe('release/1.x');
  });

  it('deploys from no branch that git does not take or could not keep beside another', async () => {
    await create('crowded', { deployBranch: 'trunk' });
    const changeTo = (deployBranch: string) => platform.call(api.updateApp, { params: { app: 'crowded' }, body: { deployBranch } });
    for (const name of ['.x', 'a.lock/b', 'HEAD', 'refs/heads/x', 'a..b', '-x', 'a\u0007']) {
      const answers = [await changeTo(name), await create('unborn', { deployBranch: name })];
      expect(answers.map(({ status, problem }) => [status, problem.errors?.[0]?.path])).toEqual([[422, 'deployBranch'], [422, 'deployBranch']]);
    }
    const git = (...args: string[]) => execFileSync('git', ['-C', repository('crowded'), ...args], { encoding: 'utf8', input: '', env: { ...process.env, ...ada } }).trim();
    git('update-ref', 'refs/heads/release/1', git('commit-tree', '-m', 'One', git('mktree')));
    const { status, problem } = await changeTo('release');
    expect([status, problem.code, problem.detail]).toEqual([409, 'conflict', expect.stringContaining('beside the branch release/1')]);
    expect((await platform.call(api.getApp, { params: { app: 'crowded' } })).ok.deployBranch).toBe('trunk');
    expect(git('symbolic-ref', 'HEAD')).toBe('refs/heads/trunk');
    expect((await platform.call(api.getApp, { params: { app: 'unborn' } })).status).toBe(404);
  });

  it('leaves its name, its domains and no repository behind when it is deleted', async () => {
    const params = { app: 'passing', environment: 'production' };
    await create('passing');
    await platform.call(api.addDomain, { params, body: { host: 'passing.example.com' } });
    expect((await platform.call(api.deleteApp, { params })).status).toBe(204);
    expect((await platform.call(api.getApp, { params })).status).toBe(404);
    expect((await platform.call(api.deleteApp, { params })).status).toBe(404);
    expect(existsSync(repository('passing'))).toBe(false);
    expect((await create('passing')).status).toBe(201);
    expect((await platform.call(api.addDomain, { params, body: { host: 'passing.example.com' } })).status).toBe(201);
  });

  it('has an audit event for each change', async () => {
    const { ok } = await platform.call(api.listAudit, { query: { limit: '200' } });
    const ofPassing = ok.items.filter(({ target }) => target === 'passing').map(({ action }) => action);
    expect(ofPassing).toEqual(['app.created', 'app.deleted', 'app.created']);
    expect(ok.items.find(({ action }) => action === 'app.changed')).toMatchObject({ before: { deployBranch: 'trunk' }, after: { deployBranch: 'release/1.x' } });
  });

  it('can be deleted by a sysadmin alone', async () => {
    const as = await platform.makeToken(await platform.makeUser('developer'), ['read', 'deploy', 'administer']);
    expect((await platform.call(api.deleteApp, { as, params: { app: 'myapp' } })).status).toBe(403);
  });
});

describe('the list of apps', () => {
  it('comes in pages by name, each app once, whatever is made and deleted meanwhile', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `paged-${String(index).padStart(2, '0')}`);
    for (const name of names) await create(name);
    const seen: string[] = [];
    let cursor: string | null = Buffer.from('"paged"').toString('base64url');
    while (cursor !== null) {
      const { ok }: { ok: { items: { name: string }[]; nextCursor: string | null } } = await platform.call(api.listApps, { query: { limit: '10', cursor } });
      seen.push(...ok.items.map(({ name }) => name).filter((name) => name.startsWith('paged-')));
      cursor = ok.nextCursor;
      await create(`aaa-${seen.length}`);
      if (seen.includes('paged-05')) await platform.call(api.deleteApp, { params: { app: 'paged-05' } });
    }
    expect(seen).toEqual(names);
  });

  it('asks the database no more often for two hundred apps than for one', async () => {
    const queries: string[] = [];
    const original = platform.dataSource.createQueryRunner.bind(platform.dataSource);
    platform.dataSource.createQueryRunner = (...mode) => {
      const runner = original(...mode);
      const query = runner.query.bind(runner) as (...given: unknown[]) => Promise<unknown>;
      runner.query = ((...given: unknown[]) => {
        queries.push(String(given[0]));
        return query(...given);
      }) as typeof runner.query;
      return runner;
    };
    const { ok } = await platform.call(api.listApps, { query: { limit: '200' } });
    platform.dataSource.createQueryRunner = original;
    expect(ok.items.length).toBeGreaterThan(25);
    expect(queries.filter((query) => /\bapps\b|\benvironments\b/.test(query))).toHaveLength(2);
  });
});
