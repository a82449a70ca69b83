import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@molo/contracts';
import { describe, expect, test } from 'vitest';
import { Bed } from './testing/bed.js';
import { main } from './testing/molo.js';
import type { Answers } from './testing/stand-in-platform.js';
import { makeProgram } from './program.js';
import { app, deployment, deploymentId, log, state } from './testing/things.js';

const bed = new Bed();
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
    await bed.serve({ listApps: refused(code, 'Do this next.') });
    expect(await bed.home.molo(['apps'])).toMatchObject({ code: expected, stdout: '', stderr: expect.stringContaining('Do this next.') as string });
  });

  test('a platform that is not there ends with 5 and names its socket', async () => {
    const outcome = await bed.home.molo(['apps']);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toContain(join(bed.home.path, 'run/control.sock'));
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
    const outcome = await bed.home.molo(args);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(hint);
  });

  test('with --json an error is its problem document, on stderr', async () => {
    await bed.serve({ getApp: refused('not_found', 'There is no app nope.') });
    const outcome = await bed.home.molo(['apps', 'info', 'nope', '--json']);
    expect(outcome).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(outcome.stderr)).toMatchObject({ code: 'not_found', status: 404, detail: 'There is no app nope.' });
  });
});

describe('help', () => {
  const commands = makeProgram().commands.filter((command) => !['help', 'git-credential', 'complete'].includes(command.name())).flatMap((command) => [command, ...command.commands]);

  test('of every command shows an example of it', () => {
    expect(commands.length).toBeGreaterThan(30);
    for (const command of commands) {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toMatch(/\nExamples?:\n {2}\$ .*molo /);
    }
  });

  test('of every command that reads tells --json', () => {
    const reading = commands.filter((command) => /^(list|show|print)\b/i.test(command.description()));
    expect(reading.length).toBeGreaterThan(15);
    for (const command of reading) expect(command.options.map(({ long }) => long)).toContain('--json');
  });
});

describe('output', () => {
  test('lists in aligned columns, without colour where nobody watches', async () => {
    await bed.serve(oneApp);
    const { stdout } = await bed.home.molo(['apps']);
    expect(stdout.split('\n')).toEqual([
      'APP    ENVIRONMENT  RELEASE  VERSION  INSTANCES  DEPLOYMENT  ADDRESS',
      'myapp  production   v3       1.2      2/2        live        http://myapp.localhost',
      '',
    ]);
  });

  test('--json prints the whole list over all its pages and nothing else', async () => {
    await bed.serve({ listApps: ({ query }) => (query['cursor'] === undefined ? { items: [app], nextCursor: 'more' } : { items: [{ ...app, name: 'other' }], nextCursor: null }) });
    const { stdout, stderr } = await bed.home.molo(['apps', '--json']);
    expect(JSON.parse(stdout)).toEqual([app, { ...app, name: 'other' }]);
    expect(stderr).toBe('');
  });

  test('colours on a terminal, unless NO_COLOR says no', async () => {
    await bed.serve(oneApp);
    const onTerminal = ['script', '--quiet', '--return', '--command', `${process.execPath} ${main} apps`, '/dev/null'];
    expect((await bed.home.run(onTerminal)).stdout).toContain('\u001b[32m');
    expect((await bed.home.run(onTerminal, { environment: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b[');
  });

  test('an empty list says what to do next, on stderr', async () => {
    await bed.serve({ listApps: () => ({ items: [], nextCursor: null }) });
    expect(await bed.home.molo(['apps'])).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('molo apps create') as string });
  });

  test('makes terminal escapes in log lines harmless', async () => {
    const text = '\u001b]0;owned\u0007\u001b[2Jhello\u0008 \u009b31mred\u202e 10%\r100%';
    await bed.serve({
      readLogs: async function* () {
        yield { at: '2026-01-02T03:04:05.000Z', process: 'web', instance: 'web.1', release: 3, stream: 'stdout', text };
      },
    });
    const { stdout } = await bed.home.molo(['logs', '--app', 'myapp']);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).toBe('2026-01-02T03:04:05.000Z web.1 v3 100%\n');
  });

  test('shows each line of a log once, also when it had to join again', async () => {
    const line = (second: number) => ({ at: `2026-01-02T03:04:0${second}.000Z`, process: 'web', instance: 'web.1', release: 3, stream: 'stdout' as const, text: `line ${second}` });
    await bed.serve({
      readLogs: async function* ({ lastEventId }) {
        if (lastEventId === '1') yield line(2);
        else yield line(1);
        if (lastEventId === undefined) throw new Error('broken off');
      },
    });
    const { stdout, stderr } = await bed.home.molo(['logs', '-f', '--app', 'myapp']);
    expect(stdout.match(/line \d/g)).toEqual(['line 1', 'line 2']);
    expect(stderr).toContain('Joining again');
  });

  test('help ends without a word when the reader of a pipe has enough', async () => {
    expect(await bed.home.run(['sh', '-c', `${process.execPath} ${main} --help | true`])).toMatchObject({ code: 0, stderr: '' });
  });

  test('ends without a word when the reader of a pipe has enough', async () => {
    await bed.serve({
      readLogs: async function* () {
        for (;;) yield { at: '2026-01-02T03:04:05.000Z', process: 'web', instance: 'web.1', release: 3, stream: 'stdout', text: 'x'.repeat(1000) };
      },
    });
    const outcome = await bed.home.run(['sh', '-c', `${process.execPath} ${main} logs -f --app myapp | head -n 1`]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
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
    const { asked } = await bed.serve(following([2, 'checking'], [3, 'live']));
    const { code, stdout } = await bed.home.molo(['rollback', 'v2', '--app', 'myapp']);
    expect(code).toBe(0);
    expect(asked[0]?.body).toEqual({ release: 2 });
    expect(stdout).toBe(
      '-----> Node app\n-----> Checking\n-----> v2, version 1.1, is live in production of myapp\n       1200 requests, 0 failed, 0 connections dropped, slowest 12 ms, live after 850 ms, 1 layer moved (5.3 kB)\n',
    );
  });

  test('a failed deployment ends with 1 and its reason', async () => {
    const failure = { code: 'instance_unhealthy', detail: 'GET / answers 500.\nlast line of its log' } as const;
    await bed.serve({ ...following([2, 'failed', failure]), getDeployment: () => ({ ...deployment, state: 'failed', failure }) });
    const { code, stdout } = await bed.home.molo(['rollback', '--app', 'myapp']);
    expect(code).toBe(1);
    expect(stdout).toContain(' !     The instance does not answer its health check: GET / answers 500.\n !     last line of its log\n');
  });

  test('--json keeps stdout for the deployment as it ended', async () => {
    await bed.serve(following([2, 'live']));
    const { stdout, stderr } = await bed.home.molo(['rollback', '--app', 'myapp', '--json']);
    expect(JSON.parse(stdout)).toEqual(deployment);
    expect(stderr).toContain('-----> Node app');
  });

  test('--detach returns at once and says how to join', async () => {
    await bed.serve(following([2, 'live']));
    expect(await bed.home.molo(['rollback', '--app', 'myapp', '--detach'])).toMatchObject({ code: 0, stdout: expect.stringContaining(`molo logs --deployment ${deploymentId}`) as string });
  });

  test('the events of a failed deployment end with 1, as it does itself', async () => {
    await bed.serve(following([2, 'failed']));
    const { code, stdout } = await bed.home.molo(['logs', '--deployment', deploymentId, '--json']);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n').map((each) => JSON.parse(each) as object)).toMatchObject([{ kind: 'log' }, { kind: 'state', state: 'failed' }]);
  });

  test('a rollback that Molo began by itself says what it undoes and why', async () => {
    const undoes = { deploymentId: deployment.id, release: { number: 3, version: '1.2' }, failure: { code: 'instance_out_of_memory', detail: 'web.1 was killed.' } } as const;
    const rolledBack = { ...deployment, actor: { kind: 'molo', name: 'molo' }, undoes } as const;
    const died = { ...deployment, state: 'superseded', failure: undoes.failure } as const;
    await bed.serve({ listDeployments: () => ({ items: [rolledBack, died], nextCursor: null }), getDeployment: () => rolledBack });
    const [, first, second] = (await bed.home.molo(['deployments', '--app', 'myapp'])).stdout.split('\n');
    expect(first).toMatch(/live .* rollback +molo .* undoes v3, which did not settle: web\.1 was killed\.$/);
    expect(second).toMatch(/superseded .* did not settle: web\.1 was killed\.$/);
    expect((await bed.home.molo(['deployment', deploymentId])).stdout).toContain(`Undoes      ${deployment.id}: v3 did not settle: web.1 was killed.`);
  });

  test('Ctrl-C detaches, says how to join again and ends with 130', async () => {
    await bed.serve({
      ...following(),
      followDeployment: async function* () {
        yield log(1, 'working');
        await new Promise(() => undefined);
      },
    });
    for (const args of [['rollback', '--app', 'myapp'], ['logs', '--deployment', deploymentId, '--json']]) {
      const { code, stderr } = await bed.home.molo(args, { interruptAt: 'working' });
      expect(code).toBe(130);
      expect(stderr).toContain(`Join it again with: molo logs --deployment ${deploymentId}`);
    }
  });
});

describe('changes', () => {
  const config: Answers = { updateConfig: () => ({ items: [], deployment: null }) };

  test('config set takes values as they stand and a secret from stdin', async () => {
    const { asked } = await bed.serve(config);
    await bed.home.molo(['config', 'set', 'A=1=2', 'B=', '-a', 'myapp']);
    await bed.home.molo(['config', 'set', '--secret', 'PASSWORD', '-a', 'myapp', '-e', 'staging'], { input: 'hunter2\n' });
    expect(asked.map(({ params, body }) => [params['environment'], body])).toEqual([
      ['production', { set: { A: '1=2', B: '' }, unset: [], secret: false }],
      ['staging', { set: { PASSWORD: 'hunter2' }, unset: [], secret: true }],
    ]);
  });

  test('config set refuses a key that cannot be set, and sets nothing', async () => {
    const { asked } = await bed.serve(config);
    for (const key of ['__proto__', 'PORT', 'A B']) {
      const outcome = await bed.home.molo(['config', 'set', 'A=1', `${key}=1`, '-a', 'myapp']);
      expect(outcome, key).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`"${key}" cannot be a key of config`) as string });
    }
    expect(asked).toEqual([]);
  });

  test('scale takes several process types at once', async () => {
    const { asked } = await bed.serve({ scale: ({ body }) => ({ formation: body as Record<string, number>, deployment: null }) });
    const outcome = await bed.home.molo(['scale', 'web=2', 'worker=0', '-a', 'myapp']);
    expect(outcome).toMatchObject({ code: 0, stdout: 'web=2 worker=0\n' });
    expect(asked[0]?.body).toEqual({ web: 2, worker: 0 });
  });

  test('what takes something away is refused without --yes where nobody can be asked', async () => {
    const { asked } = await bed.serve({ ...oneApp, deleteApp: () => undefined });
    expect(await bed.home.molo(['apps', 'delete', 'myapp'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect(await bed.home.molo(['apps', 'delete', 'myapp', '--yes'])).toMatchObject({ code: 0, stdout: 'Deleted myapp.\n' });
    expect(asked.map(({ name }) => name)).toEqual(['getApp', 'getApp', 'deleteApp']);
  });

  test('a new token stands alone on stdout', async () => {
    await bed.serve({
      createToken: ({ body }) => ({ id: deploymentId, apps: null, createdAt: '2026-01-02T03:04:05.000Z', expiresAt: null, lastUsedAt: null, token: 'molo_secret', ...(body as { name: string; rights: ('read' | 'deploy')[] }) }),
    });
    expect(await bed.home.molo(['tokens', 'create', 'ci', '--no-expires'])).toMatchObject({ code: 0, stdout: 'molo_secret\n' });
  });
});

describe('questions', () => {
  test.each([['Ctrl-C', '\u0003'], ['Ctrl-D', '\u0004']])('%s in the place of an answer ends with 130 and no word of an error', async (_, text) => {
    const onTerminal = ['script', '--quiet', '--return', '--command', `${process.execPath} ${main} login`, '/dev/null'];
    const outcome = await bed.home.run(onTerminal, { answer: { question: 'Address of the platform', text } });
    expect(outcome.code).toBe(130);
    expect(outcome.stdout).not.toContain('Error');
  });
});

describe('signing in', () => {
  const me = { kind: 'user', name: 'Ada', email: 'ada@example.com', role: 'developer', rights: ['any', 'read', 'deploy'] } as const;

  const onNetwork = () =>
    bed.serveOnNetwork({ ...oneApp, me: ({ authorization }) => (authorization === 'Bearer good' ? { ...me, rights: [...me.rights], apps: [] } : refused('credentials_refused', 'The token is not valid.')()) });
  const away = { MOLO_HOME: '' };

  test('keeps the token where only its owner reads it, and uses it from then on', async () => {
    const { url } = await onNetwork();
    const signedIn = await bed.home.molo(['login', url, '--token', '-'], { input: 'good\n', environment: away });
    expect(signedIn).toMatchObject({ code: 0, stdout: expect.stringContaining('as ada@example.com (developer)') as string });
    const file = join(bed.home.path, '.config/molo/credentials.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ login: { url, token: 'good' } });
    expect(JSON.parse((await bed.home.molo(['whoami', '--json'], { environment: away })).stdout)).toEqual({ ...me, apps: [] });
    expect((await bed.home.molo(['logout'], { environment: away })).code).toBe(0);
    expect((await bed.home.molo(['whoami'], { environment: away })).code).toBe(4);
  });

  test('signing out ends the token that the sign-in made; where nobody answers it is forgotten, and said to live on', async () => {
    let isAway = false;
    const { url, asked } = await bed.serveOnNetwork({
      me: () => ({ ...me, rights: [...me.rights], apps: [] }),
      acceptInvitation: () => ({ ...me, rights: [...me.rights], apps: [] }),
      createToken: ({ body }) => ({ id: deploymentId, apps: null, createdAt: '2026-01-02T03:04:05.000Z', expiresAt: null, lastUsedAt: null, token: 'made', ...(body as { name: string; rights: ('read' | 'deploy')[] }) }),
      signOut: () => undefined,
      revokeToken: () => (isAway ? refused('unavailable', 'Try again in a moment.')() : undefined),
    });
    const accept = () => bed.home.molo(['accept', `${url}/invitation?token=once`, '--name', 'Ada', '--password', '-'], { input: 'correct horse battery\n', environment: away });
    expect((await accept()).code).toBe(0);
    expect(await bed.home.molo(['logout'], { environment: away })).toMatchObject({ code: 0, stdout: `Signed out of ${url}.\n` });
    expect(asked.filter(({ name }) => name === 'revokeToken')).toMatchObject([{ params: { tokenId: deploymentId }, authorization: 'Bearer made' }]);
    isAway = true;
    expect((await accept()).code).toBe(0);
    expect(await bed.home.molo(['logout'], { environment: away })).toMatchObject({ code: 0, stdout: expect.stringContaining('lives on') as string });
    expect((await bed.home.molo(['whoami'], { environment: away })).code).toBe(4);
  });

  test('keeps nothing of a token that is refused', async () => {
    const { url } = await onNetwork();
    expect(await bed.home.molo(['login', url, '--token', 'bad'], { environment: away })).toMatchObject({ code: 4, stderr: expect.stringContaining('not valid') as string });
    await expect(stat(join(bed.home.path, '.config/molo/credentials.json'))).rejects.toThrow('ENOENT');
  });

  test('MOLO_URL and MOLO_TOKEN need no sign-in and reach names under localhost', async () => {
    const { url } = await onNetwork();
    const environment = { MOLO_URL: url.replace('localhost', 'molo.localhost'), MOLO_TOKEN: 'good' };
    expect((await bed.home.molo(['whoami', '--json'], { environment })).code).toBe(0);
  });
});
