import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Right } from '@molo/contracts';
import { describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import type { Answers } from '../testing/stand-in-platform.js';
import { app, deploymentId, release, staging } from '../testing/things.js';

const bed = new Bed();
const oneApp: Answers = { listApps: () => ({ items: [app], nextCursor: null }), getApp: () => app };

describe('which app', () => {
  const git = (...args: string[]) => bed.home.run(['git', ...args]);

  test('is named by --app, then MOLO_APP, then the git remote molo', async () => {
    const { asked } = await bed.serve(oneApp);
    await git('init', '--quiet');
    await git('remote', 'add', 'molo', 'ssh://git@localhost:2222/from-git.git');
    await bed.home.molo(['url']);
    await bed.home.molo(['url'], { environment: { MOLO_APP: 'from-env' } });
    await bed.home.molo(['url', '--app', 'from-flag'], { environment: { MOLO_APP: 'from-env' } });
    expect(asked.map(({ params }) => params['app'])).toEqual(['from-git', 'from-env', 'from-flag']);
  });

  test('is asked for where nothing names it', async () => {
    await bed.serve(oneApp);
    expect(await bed.home.molo(['ps'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Which app?') as string });
  });

  test('apps create adds the remote to a checkout, unless told not to', async () => {
    await bed.serve({ createApp: () => app });
    await git('init', '--quiet');
    await bed.home.molo(['apps', 'create', 'myapp', '--no-remote']);
    expect((await git('remote')).stdout).toBe('');
    const { stdout } = await bed.home.molo(['apps', 'create', 'myapp']);
    expect(stdout).toContain('Added the git remote molo: http://molo.localhost/git/myapp.git');
    expect((await git('remote', 'get-url', 'molo')).stdout.trim()).toBe(app.gitHttpUrl);
  });
});

describe('deploy', () => {
  async function checkout(): Promise<string> {
    const repository = join(bed.home.path, 'myapp.git');
    await bed.home.run(['git', 'init', '--quiet', '--bare', repository]);
    await bed.home.run(['git', 'init', '--quiet', join(bed.home.path, 'source')]);
    const environments = [...app.environments, staging];
    await bed.serve({ getApp: () => ({ ...app, environments, gitHttpUrl: `file://${repository}` }), listReleases: () => ({ items: [release], nextCursor: null }) });
    return join(bed.home.path, 'source');
  }

  test('sets the remote up and pushes HEAD to the deploying branch, whatever the local branch is', async () => {
    const directory = await checkout();
    const git = (...args: string[]) => bed.home.run(['git', ...args], { directory });
    await git('checkout', '-q', '-b', 'topic');
    await git('commit', '--quiet', '--allow-empty', '-m', 'First version');
    const outcome = await bed.home.molo(['deploy', '--app', 'myapp', '--json'], { directory });
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ number: 3 });
    expect((await bed.home.run(['git', '--git-dir', join(bed.home.path, 'myapp.git'), 'log', '--format=%s', 'main'])).stdout).toBe('First version\n');
  });

  test('pushes to the branch of the environment that --env names, and only where there is one', async () => {
    const directory = await checkout();
    await bed.home.run(['git', 'commit', '--quiet', '--allow-empty', '-m', 'First version'], { directory });
    expect(await bed.home.molo(['deploy', '--app', 'myapp', '--env', 'nowhere'], { directory })).toMatchObject({ code: 3, stderr: expect.stringContaining('molo environments create nowhere') as string });
    expect((await bed.home.molo(['deploy', '--app', 'myapp', '--env', 'staging'], { directory })).stderr).toContain('git push molo HEAD:staging does the same');
    const branches = await bed.home.run(['git', '--git-dir', join(bed.home.path, 'myapp.git'), 'for-each-ref', '--format=%(refname)']);
    expect(branches.stdout).toBe('refs/heads/staging\n');
  });

  test('says how to go on where there is no commit or no checkout', async () => {
    const directory = await checkout();
    expect(await bed.home.molo(['deploy', '--app', 'myapp'], { directory })).toMatchObject({ code: 2, stderr: expect.stringContaining('Commit first') as string });
    expect(await bed.home.molo(['deploy', '--app', 'myapp'])).toMatchObject({ code: 2, stderr: expect.stringContaining('git init') as string });
  });

  test('says so when there is nothing to push, and what deploys all the same', async () => {
    const directory = await checkout();
    await bed.home.run(['git', 'commit', '--quiet', '--allow-empty', '-m', 'First version'], { directory });
    expect((await bed.home.molo(['deploy', '--app', 'myapp'], { directory })).stderr).toContain('molo redeploy');
  });

  test('ends with 1 when the push is refused', async () => {
    const directory = await checkout();
    await bed.home.run(['git', 'commit', '--quiet', '--allow-empty', '-m', 'First version'], { directory });
    await bed.home.run(['rm', '-r', join(bed.home.path, 'myapp.git')]);
    expect((await bed.home.molo(['deploy', '--app', 'myapp'], { directory })).code).toBe(1);
  });
});

describe('credentials', () => {
  test("gives git a token of a day where the owner's socket needs none, and keeps it", async () => {
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const made = { id: deploymentId, name: 'git', rights: ['read', 'deploy'] as Right[], apps: null, createdAt: expiresAt, expiresAt, lastUsedAt: null };
    const { asked } = await bed.serve({ ...oneApp, createToken: () => ({ ...made, token: 'molo_day' }), listTokens: () => ({ items: [made], nextCursor: null }) });
    const ask = () => bed.home.molo(['git-credential', 'get'], { input: 'protocol=http\nhost=molo.localhost\n' });
    expect([(await ask()).stdout, (await ask()).stdout]).toEqual(['username=molo\npassword=molo_day\n', 'username=molo\npassword=molo_day\n']);
    expect(asked.filter(({ name }) => name === 'createToken').map(({ body }) => body)).toMatchObject([{ expiresInDays: 1, rights: ['read', 'deploy'] }]);
  });

  test('makes another token where the platform does not know the kept one, as after a new installation in the same home', async () => {
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    let made = 0;
    const createToken = () => ({ id: deploymentId, name: 'git', rights: ['read' as const], apps: null, createdAt: expiresAt, expiresAt, lastUsedAt: null, token: `molo_${++made}` });
    await bed.serve({ ...oneApp, createToken, listTokens: () => ({ items: [], nextCursor: null }) });
    const ask = async () => (await bed.home.molo(['git-credential', 'get'], { input: 'protocol=http\nhost=molo.localhost\n' })).stdout;
    expect([await ask(), await ask()]).toEqual(['username=molo\npassword=molo_1\n', 'username=molo\npassword=molo_2\n']);
  });

  test("keeps apart the tokens of two platforms at the same address, and erases one's own", async () => {
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const file = join(bed.home.path, '.config/molo/credentials.json');
    const others = { socket: '/elsewhere/run/control.sock', origin: 'http://molo.localhost', id: deploymentId, token: 'molo_other', expiresAt };
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ git: { 'http://molo.localhost': { token: 'molo_old', expiresAt } }, gitTokens: [others] }));
    const made = { id: deploymentId, name: 'git', rights: ['read'] as Right[], apps: null, createdAt: expiresAt, expiresAt, lastUsedAt: null };
    await bed.serve({ ...oneApp, createToken: () => ({ ...made, token: 'molo_own' }), listTokens: () => ({ items: [made], nextCursor: null }) });
    const git = (operation: string) => bed.home.molo(['git-credential', operation], { input: 'protocol=http\nhost=molo.localhost\n' });
    expect((await git('get')).stdout).toBe('username=molo\npassword=molo_own\n');
    await git('erase');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ login: null, gitTokens: [others] });
  });

  test('gives git the token for the platform and for nobody else', async () => {
    const { url } = await bed.serveOnNetwork(oneApp);
    const environment = { MOLO_URL: url, MOLO_TOKEN: 'good' };
    const ask = (host: string) => bed.home.molo(['git-credential', 'get'], { environment, input: `protocol=http\nhost=${host}\n` });
    expect((await ask(new URL(url).host)).stdout).toBe('username=molo\npassword=good\n');
    expect((await ask('molo.localhost')).stdout).toBe('username=molo\npassword=good\n');
    expect((await ask('elsewhere.example.com')).stdout).toBe('');
  });
});
