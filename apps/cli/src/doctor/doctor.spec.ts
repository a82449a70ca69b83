import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { AppError, type Me, type Node, type SshKey, type Status } from '@molo/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import { main, type RunOptions } from '../testing/molo.js';
import type { Answers } from '../testing/stand-in-platform.js';
import { app } from '../testing/things.js';
import { version } from '../version.js';
import type { Finding } from './check.js';

const bed = new Bed();
const me: Me = { kind: 'user', name: 'Ada', email: 'ada@example.com', role: 'developer', rights: ['read'], apps: [] };
const status: Status = { version: version(), claimed: true, parts: ['postgres', 'redis', 'registry', 'node pier'].map((name) => ({ name, up: true, detail: null })) };
const node: Node = {
  id: app.id, name: 'pier', roles: ['instances'], online: true, availability: 'active', lastSeenAt: app.createdAt, generation: 1, appliedGeneration: 1, agentVersion: '0.1.0', engineVersion: '20.10.24',
  cpus: 2, memoryBytes: 4e9, memoryUsedBytes: 1e9, diskBytes: 100e9, diskUsedBytes: 50e9, instances: 1,
};
const whole: Answers = { status: () => status, me: () => me, listNodes: () => ({ items: [node], nextCursor: null }), getApp: () => app };

interface Report {
  readonly code: number | null;
  readonly finding: (name: string) => Finding;
  readonly all: readonly (Finding & { name: string })[];
}

async function examined(options: RunOptions = {}): Promise<Report> {
  const { code, stdout, stderr } = await bed.home.molo(['doctor', '--json'], options);
  expect(stderr).toBe('');
  const all = JSON.parse(stdout) as Report['all'];
  return {
    code,
    all,
    finding: (wanted) => {
      const found = all.find(({ name }) => name === wanted);
      if (!found) throw new Error(`No check is named ${wanted}: ${stdout}`);
      return found;
    },
  };
}

/** A platform on the network, and a developer's machine with a token for it. */
async function signedIn(answers: Answers = {}): Promise<RunOptions> {
  const { url } = await bed.serveOnNetwork({ ...whole, ...answers });
  return { environment: { MOLO_URL: url, MOLO_TOKEN: 'good' } };
}

describe('the report', () => {
  test('has one line for each check and ends with 0 where all is well', async () => {
    const options = await signedIn();
    const { code, stdout, stderr } = await bed.home.molo(['doctor'], options);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) expect(line).toMatch(/^ok {6} +[a-z]/i);
    expect(lines.find((line) => line.includes('sign-in'))).toMatch(/^ok +sign-in +Ada \(developer\), by MOLO_TOKEN$/);
    expect(stderr).toBe(`${lines.length} checks: 0 problems, 0 warnings.\n`);
    expect(code).toBe(0);
  });

  test('as JSON is the list of findings', async () => {
    const { all, code } = await examined(await signedIn());
    expect(code).toBe(0);
    for (const finding of all) expect(finding).toEqual({ name: expect.any(String) as string, status: 'ok', found: expect.stringMatching(/./) as string, advice: null });
  });

  test('has colour on a terminal alone', async () => {
    const options = await signedIn();
    const onTerminal = ['script', '--quiet', '--return', '--command', `${process.execPath} ${main} doctor`, '/dev/null'];
    expect((await bed.home.run(onTerminal, options)).stdout).toContain('\u001b[32mok');
    expect((await bed.home.molo(['doctor'], options)).stdout).not.toContain('\u001b');
  });
});

describe('the way to the platform', () => {
  test('that leads nowhere is one problem with its advice, and the checks behind it say that they did not see', async () => {
    const { code, finding, all } = await examined({ environment: { MOLO_URL: 'http://127.0.0.1:9', MOLO_TOKEN: 'good' } });
    expect(code).toBe(7);
    expect(finding('platform')).toMatchObject({ status: 'problem', advice: expect.stringContaining('ECONNREFUSED') as string });
    expect(finding('clock')).toEqual({ name: 'clock', status: 'warning', found: 'not seen: the platform is not seen', advice: 'Mend first: platform' });
    expect(all.filter((each) => each.status === 'problem')).toHaveLength(1);
  });

  test('to a platform that takes the question and never answers is one problem, told in time', async () => {
    const options = await answering(() => undefined);
    const { code, finding, all } = await examined(options);
    expect(code).toBe(7);
    expect(finding('platform')).toMatchObject({ status: 'problem', advice: expect.stringContaining('did not answer within 5 s') as string });
    expect(all.filter((each) => each.status === 'problem')).toHaveLength(1);
    expect(finding('git').status).toBe('ok');
  });

  test('to something that is no platform is a problem and no stack trace', async () => {
    const options = await answering((_, response) => response.end('<h1>hello</h1>'));
    const { code, finding, all } = await examined(options);
    expect(code).toBe(7);
    expect(finding('platform')).toMatchObject({ status: 'problem', advice: expect.stringContaining('does not speak as a Molo platform') as string });
    expect(all.filter((each) => each.status === 'problem')).toHaveLength(1);
  });

  test('whose database is away blames the part for it, and the checks that need it name that one', async () => {
    const away = () => {
      throw new AppError('unavailable', { detail: 'The database does not answer.' });
    };
    const parts = ['postgres', 'nodes'].map((name) => ({ name, up: false, detail: 'connect ENOENT' }));
    const { finding } = await examined(await signedIn({ status: () => ({ ...status, parts }), listNodes: away }));
    expect(finding('platform parts')).toMatchObject({ status: 'problem', found: 'postgres is down (connect ENOENT)' });
    for (const name of ['nodes', 'disks of nodes']) expect(finding(name)).toMatchObject({ status: 'warning', advice: 'Mend first: platform parts' });
  });

  test('by a home in which no platform was set up, and by one whose platform is stopped, is told each by its own', async () => {
    const asked = async () => (await examined({ environment: { MOLO_HOME: bed.home.path } })).finding('platform');
    expect(await asked()).toMatchObject({ status: 'problem', advice: expect.stringContaining('No platform was set up in') as string });
    await writeFile(join(bed.home.path, 'molo.env'), '');
    expect(await asked()).toMatchObject({ status: 'problem', advice: 'npm start' });
  });

  test('with a token that is refused says how to sign in, and still sees the platform', async () => {
    const refuse = () => {
      throw new AppError('credentials_refused', { detail: 'The token is unknown.' });
    };
    const options = await signedIn({ me: refuse, listNodes: refuse, status: ({ authorization }) => (authorization === undefined ? status : refuse()) });
    const { code, finding } = await examined(options);
    expect(code).toBe(7);
    expect(finding('sign-in')).toMatchObject({ status: 'problem', advice: `Set MOLO_TOKEN to a new one, or unset it and sign in: molo login ${options.environment?.['MOLO_URL']}` });
    expect(finding('platform').status).toBe('ok');
    expect(finding('disks of nodes')).toMatchObject({ status: 'warning', advice: 'Mend first: sign-in' });
  });

  test('to a platform of another version is a warning, which ends with 0', async () => {
    const { code, finding } = await examined(await signedIn({ status: () => ({ ...status, version: '9.9.9' }) }));
    expect(code).toBe(0);
    expect(finding('version')).toMatchObject({ status: 'warning', found: `molo is ${version()}, the platform 9.9.9` });
  });

  test.each([
    [-3600, 'problem', 'ahead of'],
    [20, 'warning', 'behind'],
    [1, 'ok', 'alike'],
  ])('to a clock that is %i s away is %s', async (seconds, expected, words) => {
    const options = await answering((_, response) => response.writeHead(200, { date: new Date(Date.now() + seconds * 1000).toUTCString(), 'content-type': 'application/json' }).end(JSON.stringify(status)));
    expect((await examined(options)).finding('clock')).toMatchObject({ status: expected, found: expect.stringContaining(words) as string });
  });

  test('tells parts and nodes that are down, and disks that fill', async () => {
    const parts = [{ name: 'redis', up: false, detail: 'no answer in time' }, { name: 'node pier', up: false, detail: null }];
    const { code, finding } = await examined(await signedIn({ status: () => ({ ...status, parts }), listNodes: () => ({ items: [node, { ...node, name: 'quay', diskUsedBytes: 96e9 }], nextCursor: null }) }));
    expect(code).toBe(7);
    expect(finding('platform parts')).toMatchObject({ status: 'problem', found: 'redis is down (no answer in time)' });
    expect(finding('nodes')).toMatchObject({ status: 'problem', found: 'node pier is down' });
    expect(finding('disks of nodes')).toMatchObject({ status: 'problem', found: 'quay is 96 % full' });
  });

  test('warns of credentials that others may read, and tells damaged ones', async () => {
    const file = join(bed.home.path, '.config/molo/credentials.json');
    const options = await signedIn();
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{}', { mode: 0o644 });
    expect((await examined(options)).finding('credentials file')).toMatchObject({ status: 'warning', advice: `chmod 600 ${file}` });
    await writeFile(file, '{');
    expect((await examined(options)).finding('credentials file')).toMatchObject({ status: 'problem', advice: expect.stringContaining('damaged') as string });
  });

  test('with a file of CA certificates that cannot be read or holds none is a problem', async () => {
    const { environment } = await signedIn();
    const file = join(bed.home.path, 'ca.pem');
    const checked = async () => (await examined({ environment: { ...environment, MOLO_EXTRA_CA: file } })).finding('extra CA');
    expect(await checked()).toMatchObject({ status: 'problem', found: `${file} cannot be used: it is not there` });
    await writeFile(file, 'hello');
    expect(await checked()).toMatchObject({ status: 'problem', found: `${file} cannot be used: no certificate is in it` });
  });
});

describe('git', () => {
  const git = (...args: string[]) => bed.home.run(['git', ...args]);

  test('that is not installed is a problem', async () => {
    const { environment } = await signedIn();
    const { finding } = await examined({ environment: { ...environment, PATH: join(bed.home.path, 'nothing') } });
    expect(finding('git')).toMatchObject({ status: 'problem', advice: 'apt install git' });
    expect(finding('git remote')).toMatchObject({ status: 'warning', advice: 'Mend first: git' });
  });

  test('in a checkout without the remote is no problem, and told how to get one', async () => {
    const options = await signedIn();
    await git('init', '--quiet');
    expect((await examined(options)).finding('git remote')).toMatchObject({ status: 'ok', found: expect.stringContaining('molo apps create') as string });
  });

  test('with a remote that leads elsewhere is told the right one', async () => {
    const options = await signedIn();
    await git('init', '--quiet');
    await git('remote', 'add', 'molo', 'http://old.example.com/git/myapp.git');
    expect((await examined(options)).finding('git remote')).toMatchObject({ status: 'problem', advice: `git remote set-url molo ${app.gitHttpUrl}` });
    await git('remote', 'set-url', 'molo', app.gitHttpUrl);
    expect((await examined(options)).finding('git remote')).toMatchObject({ status: 'ok' });
  });

  test('with the remote of an app that is gone is a problem', async () => {
    const options = await signedIn({ getApp: () => { throw new AppError('not_found', { detail: 'There is no app myapp.' }); } });
    await git('init', '--quiet');
    await git('remote', 'add', 'molo', app.gitHttpUrl);
    expect((await examined(options)).finding('git remote')).toMatchObject({ status: 'problem', found: expect.stringContaining('there is no app myapp') as string });
  });

  test('that is not told to ask molo is given a command, after which it is', async () => {
    const options = await signedIn();
    await git('init', '--quiet');
    await git('remote', 'add', 'molo', app.gitHttpUrl);
    const { status: before, advice } = (await examined(options)).finding('git sign-in');
    expect(before).toBe('warning');
    await bed.home.run(['sh', '-c', advice ?? 'false']);
    expect((await examined(options)).finding('git sign-in')).toMatchObject({ status: 'ok', found: 'git asks molo for the token' });
    await git('config', '--local', 'credential.http://molo.localhost.helper', "!'/gone/node' '/gone/main.js' git-credential");
    expect((await examined(options)).finding('git sign-in')).toMatchObject({ status: 'problem', found: expect.stringContaining('/gone/node') as string });
  });

  test.each(['ssh://git@localhost:2222/myapp.git', 'git@localhost:myapp.git'])('over %s needs a key that the platform knows', async (address) => {
    const keys: SshKey[] = [];
    const { environment } = await signedIn({ listSshKeys: () => ({ items: keys, nextCursor: null }), getApp: () => ({ ...app, gitSshUrl: address }) });
    await using agent = await sshAgent();
    await git('init', '--quiet');
    await git('remote', 'add', 'molo', address);
    const options = { environment: { ...environment, SSH_AUTH_SOCK: agent.socket } };
    expect((await examined(options)).finding('git sign-in')).toMatchObject({ status: 'problem', found: expect.stringContaining(agent.fingerprint) as string, advice: expect.stringContaining('molo keys add') as string });
    keys.push({ id: app.id, name: 'laptop', fingerprint: agent.fingerprint, type: 'ssh-ed25519', createdAt: app.createdAt });
    expect((await examined(options)).finding('git sign-in')).toMatchObject({ status: 'ok', found: `the platform knows the SSH key laptop (${agent.fingerprint})` });
    expect((await examined(options)).finding('git remote').status).toBe('ok');
  });
});

async function sshAgent(): Promise<{ socket: string; fingerprint: string } & AsyncDisposable> {
  const [socket, key] = [join(bed.home.path, 'agent.sock'), join(bed.home.path, 'key')];
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  await bed.home.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await bed.home.run(['ssh-add', '-q', key], { environment: { SSH_AUTH_SOCK: socket } });
  const { stdout } = await bed.home.run(['ssh-keygen', '-l', '-f', `${key}.pub`]);
  const ended = once(child, 'exit');
  return {
    socket,
    fingerprint: stdout.split(' ')[1] ?? '',
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}

let other: Server | undefined;

afterEach(() => {
  other?.closeAllConnections();
  other?.close();
});

/** Some other server in the platform's place. */
async function answering(listener: RequestListener): Promise<RunOptions> {
  other = createServer(listener).listen(0);
  await once(other, 'listening');
  return { environment: { MOLO_URL: `http://localhost:${(other.address() as AddressInfo).port}`, MOLO_TOKEN: 'good' } };
}
