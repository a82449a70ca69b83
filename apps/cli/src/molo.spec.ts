import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@molo/contracts';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compile, Home, main } from './testing/molo.js';
import { type Answers, StandInPlatform } from './testing/stand-in-platform.js';
import { app, deployment, deploymentId, log, release, state } from './testing/things.js';

let home: Home;
let platform: StandInPlatform | undefined;

beforeAll(compile, 120_000);
beforeEach(async () => {
  home = await Home.make();
});
afterEach(async () => {
  await platform?.close();
  platform = undefined;
  await home.remove();
});

/** The owner's socket, as on the platform's own machine. */
async function serve(answers: Answers): Promise<StandInPlatform> {
  platform = new StandInPlatform(answers);
  await mkdir(join(home.path, 'run'));
  await platform.listen(join(home.path, 'run', 'control.sock'));
  return platform;
}

const oneApp: Answers = { listApps: () => ({ items: [app], nextCursor: null }), getApp: () => app };
const refused = (code: AppError['code'], detail: string) => () => {
  throw new AppError(code, { detail });
};

describe('exit codes', () => {
  test.each([
    ['not_found', 3],
    ['not_signed_in', 4],
    ['forbidden', 4],
    ['unavailable', 5],
    ['already_exists', 6],
    ['conflict', 6],
    ['invalid_input', 2],
    ['internal', 1],
  ] as const)('%s ends with %i and its detail on stderr', async (code, expected) => {
    await serve({ listApps: refused(code, 'Do this next.') });
    expect(await home.molo(['apps'])).toMatchObject({ code: expected, stdout: '', stderr: expect.stringContaining('Do this next.') as string });
  });

  test('a platform that is not there ends with 5 and names its socket', async () => {
    const outcome = await home.molo(['apps']);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toContain(join(home.path, 'run/control.sock'));
  });

  test.each([
    [['apps', 'craete', 'x'], 'Did you mean create?'],
    [['rolback'], 'Did you mean rollback?'],
    [['releases', '--jsno'], 'Did you mean --json?'],
    [['rollback', 'latest'], 'such as v3'],
    [['apps', 'create'], 'missing required argument'],
    [['logs', '-n', 'many'], 'whole number'],
    [['releases', '--app', '../x'], 'is not the name of an app'],
  ])('%j is a wrong use: 2, and says what is meant', async (args, hint) => {
    const outcome = await home.molo(args);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(hint);
  });

  test('with --json an error is its problem document, on stderr', async () => {
    await serve({ getApp: refused('not_found', 'There is no app nope.') });
    const outcome = await home.molo(['apps', 'info', 'nope', '--json']);
    expect(outcome).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(outcome.stderr)).toMatchObject({ code: 'not_found', status: 404, detail: 'There is no app nope.' });
  });
});

describe('output', () => {
  test('lists in aligned columns, without colour where nobody watches', async () => {
    await serve(oneApp);
    const { stdout } = await home.molo(['apps']);
    expect(stdout.split('\n')).toEqual([
      'APP    ENVIRONMENT  RELEASE  VERSION  INSTANCES  DEPLOYMENT  ADDRESS',
      'myapp  production   v3       1.2      2/2        live        http://myapp.localhost',
      '',
    ]);
  });

  test('--json prints the whole list over all its pages and nothing else', async () => {
    await serve({ listApps: ({ query }) => (query['cursor'] === undefined ? { items: [app], nextCursor: 'more' } : { items: [{ ...app, name: 'other' }], nextCursor: null }) });
    const { stdout, stderr } = await home.molo(['apps', '--json']);
    expect(JSON.parse(stdout)).toEqual([app, { ...app, name: 'other' }]);
    expect(stderr).toBe('');
  });

  test('colours on a terminal, unless NO_COLOR says no', async () => {
    await serve(oneApp);
    const onTerminal = ['script', '--quiet', '--return', '--command', `${process.execPath} ${main} apps`, '/dev/null'];
    expect((await home.run(onTerminal)).stdout).toContain('\u001b[32m');
    expect((await home.run(onTerminal, { environment: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b[');
  });

  test('an empty list says what to do next, on stderr', async () => {
    await serve({ listApps: () => ({ items: [], nextCursor: null }) });
    expect(await home.molo(['apps'])).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('molo apps create') as string });
  });

  test('makes terminal escapes in log lines harmless', async () => {
    const text = '\u001b]0;owned\u0007\u001b[2Jhello\u0008 \u009b31mred\u202e 10%\r100%';
    await serve({
      readLogs: async function* () {
        yield { at: '2026-01-02T03:04:05.000Z', process: 'web', instance: 'web.1', release: 3, stream: 'stdout', text };
      },
    });
    const { stdout } = await home.molo(['logs', '--app', 'myapp']);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).toBe('2026-01-02T03:04:05.000Z web.1 v3 100%\n');
  });

  test('ends without a word when the reader of a pipe has enough', async () => {
    await serve({
      readLogs: async function* () {
        for (;;) yield { at: '2026-01-02T03:04:05.000Z', process: 'web', instance: 'web.1', release: 3, stream: 'stdout', text: 'x'.repeat(1000) };
      },
    });
    const outcome = await home.run(['sh', '-c', `${process.execPath} ${main} logs -f --app myapp | head -n 1`]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('which app', () => {
  const git = (...args: string[]) => home.run(['git', ...args]);

  test('is named by --app, then MOLO_APP, then the git remote molo', async () => {
    const { asked } = await serve(oneApp);
    await git('init', '--quiet');
    await git('remote', 'add', 'molo', 'ssh://git@localhost:2222/from-git.git');
    await home.molo(['url']);
    await home.molo(['url'], { environment: { MOLO_APP: 'from-env' } });
    await home.molo(['url', '--app', 'from-flag'], { environment: { MOLO_APP: 'from-env' } });
    expect(asked.map(({ params }) => params['app'])).toEqual(['from-git', 'from-env', 'from-flag']);
  });

  test('is asked for where nothing names it', async () => {
    await serve(oneApp);
    expect(await home.molo(['ps'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Which app?') as string });
  });

  test('apps create adds the remote to a checkout, unless told not to', async () => {
    await serve({ createApp: () => app });
    await git('init', '--quiet');
    await home.molo(['apps', 'create', 'myapp', '--no-remote']);
    expect((await git('remote')).stdout).toBe('');
    const { stdout } = await home.molo(['apps', 'create', 'myapp']);
    expect(stdout).toContain('Added the git remote molo: http://molo.localhost/git/myapp.git');
    expect((await git('remote', 'get-url', 'molo')).stdout.trim()).toBe(app.gitHttpUrl);
  });
});

describe('deploy', () => {
  async function checkout(): Promise<string> {
    const repository = join(home.path, 'myapp.git');
    await home.run(['git', 'init', '--quiet', '--bare', repository]);
    await home.run(['git', 'init', '--quiet', join(home.path, 'source')]);
    await serve({ getApp: () => ({ ...app, gitHttpUrl: `file://${repository}` }), listReleases: () => ({ items: [release], nextCursor: null }) });
    return join(home.path, 'source');
  }

  test('sets the remote up and pushes HEAD to the deploying branch, whatever the local branch is', async () => {
    const directory = await checkout();
    const git = (...args: string[]) => home.run(['git', ...args], { directory });
    await git('checkout', '-q', '-b', 'topic');
    await git('commit', '--quiet', '--allow-empty', '-m', 'First version');
    const outcome = await home.molo(['deploy', '--app', 'myapp', '--json'], { directory });
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ number: 3 });
    expect((await home.run(['git', '--git-dir', join(home.path, 'myapp.git'), 'log', '--format=%s', 'main'])).stdout).toBe('First version\n');
  });

  test('says how to go on where there is no commit or no checkout', async () => {
    const directory = await checkout();
    expect(await home.molo(['deploy', '--app', 'myapp'], { directory })).toMatchObject({ code: 2, stderr: expect.stringContaining('Commit first') as string });
    expect(await home.molo(['deploy', '--app', 'myapp'])).toMatchObject({ code: 2, stderr: expect.stringContaining('git init') as string });
  });

  test('ends with 1 when the push is refused', async () => {
    const directory = await checkout();
    await home.run(['git', 'commit', '--quiet', '--allow-empty', '-m', 'First version'], { directory });
    await home.run(['rm', '-r', join(home.path, 'myapp.git')]);
    expect((await home.molo(['deploy', '--app', 'myapp'], { directory })).code).toBe(1);
  });
});

describe('deployments', () => {
  const following = (...events: Parameters<typeof state>[]): Answers => ({
    rollBack: () => ({ ...deployment, state: 'queued', receipt: null }),
    getDeployment: () => deployment,
    followDeployment: async function* () {
      yield log(1, '-----> Node app');
      for (const event of events) yield state(...event);
    },
  });

  test('a rollback shows the steps and ends with 0 when it is live', async () => {
    const { asked } = await serve(following([2, 'checking'], [3, 'live']));
    const { code, stdout } = await home.molo(['rollback', 'v2', '--app', 'myapp']);
    expect(code).toBe(0);
    expect(asked[0]?.body).toEqual({ release: 2 });
    expect(stdout).toBe(
      '-----> Node app\n-----> Checking\n-----> v2, version 1.1, is live in production of myapp\n       1200 requests, 0 failed, 0 connections dropped, slowest 12 ms, live after 850 ms, 1 layer moved, 5.3 kB\n',
    );
  });

  test('a failed deployment ends with 1 and its reason', async () => {
    const failure = { code: 'instance_unhealthy', detail: 'GET / answers 500.\nlast line of its log' } as const;
    await serve({ ...following([2, 'failed', failure]), getDeployment: () => ({ ...deployment, state: 'failed', failure }) });
    const { code, stdout } = await home.molo(['rollback', '--app', 'myapp']);
    expect(code).toBe(1);
    expect(stdout).toContain(' !     The instance does not answer its health check: GET / answers 500.\n !     last line of its log\n');
  });

  test('--json keeps stdout for the deployment as it ended', async () => {
    await serve(following([2, 'live']));
    const { stdout, stderr } = await home.molo(['rollback', '--app', 'myapp', '--json']);
    expect(JSON.parse(stdout)).toEqual(deployment);
    expect(stderr).toContain('-----> Node app');
  });

  test('--detach returns at once and says how to join', async () => {
    await serve(following([2, 'live']));
    expect(await home.molo(['rollback', '--app', 'myapp', '--detach'])).toMatchObject({ code: 0, stdout: expect.stringContaining(`molo logs --deployment ${deploymentId}`) as string });
  });

  test('Ctrl-C detaches, says how to join again and ends with 130', async () => {
    await serve({
      ...following(),
      followDeployment: async function* () {
        yield log(1, 'working');
        await new Promise(() => undefined);
      },
    });
    const { code, stderr } = await home.molo(['redeploy', '--app', 'myapp'], { interruptAt: 'working' }).then(() => home.molo(['rollback', '--app', 'myapp'], { interruptAt: 'working' }));
    expect(code).toBe(130);
    expect(stderr).toContain(`Join it again with: molo logs --deployment ${deploymentId}`);
  });
});

describe('changes', () => {
  const config: Answers = { updateConfig: () => ({ items: [], deployment: null }) };

  test('config set takes values as they stand and a secret from stdin', async () => {
    const { asked } = await serve(config);
    await home.molo(['config', 'set', 'A=1=2', 'B=', '-a', 'myapp']);
    await home.molo(['config', 'set', '--secret', 'PASSWORD', '-a', 'myapp', '-e', 'staging'], { input: 'hunter2\n' });
    expect(asked.map(({ params, body }) => [params['environment'], body])).toEqual([
      ['production', { set: { A: '1=2', B: '' }, unset: [], secret: false }],
      ['staging', { set: { PASSWORD: 'hunter2' }, unset: [], secret: true }],
    ]);
  });

  test('scale takes several process types at once', async () => {
    const { asked } = await serve({ scale: ({ body }) => ({ formation: body as Record<string, number>, deployment: null }) });
    const outcome = await home.molo(['scale', 'web=2', 'worker=0', '-a', 'myapp']);
    expect(outcome).toMatchObject({ code: 0, stdout: 'web=2 worker=0\n' });
    expect(asked[0]?.body).toEqual({ web: 2, worker: 0 });
  });

  test('what takes something away is refused without --yes where nobody can be asked', async () => {
    const { asked } = await serve({ ...oneApp, deleteApp: () => undefined });
    expect(await home.molo(['apps', 'delete', 'myapp'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect(await home.molo(['apps', 'delete', 'myapp', '--yes'])).toMatchObject({ code: 0, stdout: 'Deleted myapp.\n' });
    expect(asked.map(({ name }) => name)).toEqual(['getApp', 'getApp', 'deleteApp']);
  });

  test('a new token stands alone on stdout', async () => {
    await serve({
      createToken: ({ body }) => ({ id: deploymentId, createdAt: '2026-01-02T03:04:05.000Z', expiresAt: null, lastUsedAt: null, token: 'molo_secret', ...(body as { name: string; rights: ('read' | 'deploy')[] }) }),
    });
    expect(await home.molo(['tokens', 'create', 'ci', '--no-expires'])).toMatchObject({ code: 0, stdout: 'molo_secret\n' });
  });
});

describe('signing in', () => {
  const me = { kind: 'user', name: 'Ada', email: 'ada@example.com', role: 'developer', rights: ['any', 'read', 'deploy'] } as const;

  async function onNetwork(): Promise<StandInPlatform> {
    platform = new StandInPlatform({ ...oneApp, me: ({ authorization }) => (authorization === 'Bearer good' ? { ...me, rights: [...me.rights] } : refused('credentials_refused', 'The token is not valid.')()) });
    await platform.listen(0);
    return platform;
  }
  const away = { MOLO_HOME: '' };

  test('keeps the token where only its owner reads it, and uses it from then on', async () => {
    const { url } = await onNetwork();
    const signedIn = await home.molo(['login', url, '--token', '-'], { input: 'good\n', environment: away });
    expect(signedIn).toMatchObject({ code: 0, stdout: expect.stringContaining('as ada@example.com (developer)') as string });
    const file = join(home.path, '.config/molo/credentials.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ login: { url, token: 'good' } });
    expect(JSON.parse((await home.molo(['whoami', '--json'], { environment: away })).stdout)).toEqual(me);
    expect((await home.molo(['logout'], { environment: away })).code).toBe(0);
    expect((await home.molo(['whoami'], { environment: away })).code).toBe(4);
  });

  test('keeps nothing of a token that is refused', async () => {
    const { url } = await onNetwork();
    expect(await home.molo(['login', url, '--token', 'bad'], { environment: away })).toMatchObject({ code: 4, stderr: expect.stringContaining('not valid') as string });
    await expect(stat(join(home.path, '.config/molo/credentials.json'))).rejects.toThrow('ENOENT');
  });

  test('MOLO_URL and MOLO_TOKEN need no sign-in and reach names under localhost', async () => {
    const { url } = await onNetwork();
    const environment = { MOLO_URL: url.replace('localhost', 'molo.localhost'), MOLO_TOKEN: 'good' };
    expect((await home.molo(['whoami', '--json'], { environment })).code).toBe(0);
  });

  test('gives git the token for the platform and for nobody else', async () => {
    const { url } = await onNetwork();
    const environment = { MOLO_URL: url, MOLO_TOKEN: 'good' };
    const ask = (host: string) => home.molo(['git-credential', 'get'], { environment, input: `protocol=http\nhost=${host}\n` });
    expect((await ask(new URL(url).host)).stdout).toBe('username=molo\npassword=good\n');
    expect((await ask('molo.localhost')).stdout).toBe('username=molo\npassword=good\n');
    expect((await ask('elsewhere.example.com')).stdout).toBe('');
  });
});
