import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment, Instance } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { molo, moloJson, visit, WorkingCopy } from './platform.js';

interface BadApp {
  readonly fixture: string;
  readonly code: string;
  /** What the pusher must be told. */
  readonly says: RegExp;
}

const badApps: readonly BadApp[] = [
  { fixture: 'bad/dockerfile-third-step', code: 'build_step_failed', says: /exit code|step/i },
  { fixture: 'bad/never-listens', code: 'instance_not_listening', says: /port/i },
  { fixture: 'bad/wrong-port', code: 'instance_wrong_port', says: /listens on \d+/i },
  { fixture: 'bad/answers-500', code: 'instance_unhealthy', says: /500/ },
  { fixture: 'bad/exits-at-once', code: 'instance_exited', says: /ended with code 3/ },
  { fixture: 'bad/release-fails', code: 'release_process_failed', says: /release/i },
  { fixture: 'bad/molo-yml-unknown-key', code: 'manifest_invalid', says: /molo\.yml:\d+:\d+/ },
  { fixture: 'bad/molo-yml-wrong-type', code: 'manifest_invalid', says: /molo\.yml:\d+:\d+/ },
  { fixture: 'bad/unknown-node-version', code: 'runtime_version_unknown', says: /node/i },
];

describe('an app that cannot go live', () => {
  let copy: WorkingCopy;

  beforeAll(async () => {
    copy = await WorkingCopy.of('sturdy');
    await copy.commitFixture('myapp/1.0');
    const { code, stderr } = await copy.push();
    if (code !== 0) throw new Error(stderr);
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  it.each(badApps)('$fixture is refused with $code, and the running version and the ref stay', async ({ fixture, code, says }) => {
    const before = (await copy.git('ls-remote', 'molo', 'refs/heads/main')).stdout;
    await copy.commitFixture(fixture);
    const pushed = await copy.push();
    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toMatch(says);
    expect(pushed.stderr).toContain('remote rejected');
    const [deployment] = await moloJson<Deployment[]>('deployments', '--app', 'sturdy');
    expect(deployment).toMatchObject({ state: 'failed', failure: { code } });
    expect((await copy.git('ls-remote', 'molo', 'refs/heads/main')).stdout).toBe(before);
    expect((await visit('sturdy', '/version')).headers['x-myapp-version']).toBe('1.0');
  });

  it('can be mended: the next good push goes live', async () => {
    await copy.commitFixture('myapp/1.1');
    expect(await copy.push()).toMatchObject({ code: 0 });
    expect((await visit('sturdy', '/version')).headers['x-myapp-version']).toBe('1.1');
  });
});

describe('an instance that uses more memory than it may', () => {
  it('is shown as killed for that, and started again', async () => {
    await using copy = await WorkingCopy.of('glutton');
    await copy.commitFixture('bad/eats-memory');
    expect(await copy.push()).toMatchObject({ code: 0 });
    await visit('glutton', '/eat');
    const killed = async () => (await moloJson<Instance[]>('ps', '--app', 'glutton')).find((instance) => instance.outOfMemory);
    await waitFor(async () => (await killed()) !== undefined, { timeoutMs: 60_000, what: 'the instance to be killed for its memory' });
    await waitFor(async () => ((await killed())?.restarts ?? 0) > 0, { timeoutMs: 60_000, what: 'it to be started again' });
  });
});

describe('git', () => {
  let copy: WorkingCopy;

  beforeAll(async () => {
    copy = await WorkingCopy.of('gitwise', 'ssh');
    await copy.commitFixture('static-site');
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  it('stores other branches and tags without deploying them', async () => {
    await copy.git('branch', 'feature/a');
    await copy.git('tag', 'stored');
    expect(await copy.push('feature/a', 'stored')).toMatchObject({ code: 0 });
    expect(await moloJson<Deployment[]>('deployments', '--app', 'gitwise')).toEqual([]);
  });

  it('deploys the deploying branch over SSH with the names and modes of its files', async () => {
    await copy.write('häfen.txt', 'Genova\n');
    await copy.commit('Add a name that is not ASCII');
    expect(await copy.push()).toMatchObject({ code: 0 });
    expect((await visit('gitwise', '/h%C3%A4fen.txt')).body).toBe('Genova\n');
  });

  it('refuses to delete the deploying branch', async () => {
    const { code, stderr } = await copy.push('--delete', 'main');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/main/);
  });

  it('takes a force push as a deployment of that tree', async () => {
    await copy.write('index.html', '<h1>Rewritten</h1>');
    await copy.git('add', '--all');
    await copy.git('commit', '--quiet', '--amend', '--message', 'Rewrite history');
    expect((await copy.push()).code).not.toBe(0);
    expect(await copy.push('--force', 'main')).toMatchObject({ code: 0 });
    expect((await visit('gitwise')).body).toContain('Rewritten');
  });

  it('lets the deployment go on when the pusher hangs up', async () => {
    await copy.write('index.html', '<h1>Nobody waits for me</h1>');
    await copy.commit('Push and leave');
    const push = await copy.untilPushStarts();
    push.kill('SIGKILL');
    const [deployment] = await moloJson<Deployment[]>('deployments', '--app', 'gitwise');
    const joined = await molo('logs', '--deployment', deployment!.id);
    expect(joined).toMatchObject({ code: 0 });
    expect((await visit('gitwise')).body).toContain('Nobody waits for me');
    const head = (await copy.git('rev-parse', 'HEAD')).stdout.trim();
    expect((await copy.git('ls-remote', 'molo', 'refs/heads/main')).stdout).toContain(head);
  });
});
