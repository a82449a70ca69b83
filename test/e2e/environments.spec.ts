import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment, Release } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { kill9, redis } from '../faults/services.js';
import { checkout, command, molo, moloJson, type Outcome, setting, visit, WorkingCopy } from './platform.js';

const app = 'stagecoach';

describe('an app with staging and a protected production', () => {
  let copy: WorkingCopy;

  beforeAll(async () => {
    copy = await WorkingCopy.of(app);
    await copy.commitFixture('myapp/1.0');
    expect(await copy.push()).toMatchObject({ code: 0 });
    for (const args of [['create', 'staging'], ['protect', 'production']]) expect(await molo('environments', ...args, '--app', app)).toMatchObject({ code: 0 });
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  /** With the token that the pushes have: it may deploy, and not administer. */
  async function asDeveloper(...args: string[]): Promise<Outcome> {
    return await command(join(checkout, 'bin/molo'), args, { env: { MOLO_URL: `http://molo.localhost:${setting('MOLO_HTTP_PORT')}`, MOLO_TOKEN: copy.secret } });
  }

  const versionAt = async (host: string) => (await visit(host, '/version')).headers['x-myapp-version'];
  const untilVersion = async (version: string) => await waitFor(async () => (await versionAt(app)) === version, { timeoutMs: 60_000, what: `version ${version}` });
  const newest = async (environment: string) => (await moloJson<Deployment[]>('deployments', '--app', app, '--env', environment, '--limit', '1'))[0]!;
  const releaseOf = async (environment: string) => (await moloJson<Release[]>('releases', '--app', app, '--env', environment))[0]!;

  it('is deployed to staging by the branch of its name, and production knows nothing of it', async () => {
    expect(await molo('config', 'set', 'GREETING=from staging', '--app', app, '--env', 'staging')).toMatchObject({ code: 0 });
    await copy.commitFixture('myapp/1.1');
    const { code, stderr } = await copy.push('HEAD:refs/heads/staging');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`http://${app}--staging.localhost`);
    expect([await versionAt(`${app}--staging`), await versionAt(app)]).toEqual(['1.1', '1.0']);
    expect((await releaseOf('production')).configKeys).toEqual([]);
  });

  it('is promoted to production by the very same image, once a sysadmin has approved it', async () => {
    const promoted = await asDeveloper('promote', '--app', app);
    expect(promoted.code, promoted.stderr).toBe(0);
    expect(promoted.stdout).toContain('Waiting until a sysadmin approves');
    expect((await asDeveloper('approve', '--app', app, '--yes')).code).toBe(4);
    expect((await asDeveloper('changes', '--app', app)).stdout).toContain('Image ');
    expect(await versionAt(app)).toBe('1.0');
    expect(await molo('approve', '--app', app, '--yes', '--word', 'Looks good')).toMatchObject({ code: 0 });
    await untilVersion('1.1');
    const [there, source] = [await releaseOf('production'), await releaseOf('staging')];
    expect(there).toMatchObject({ reason: 'promotion', configKeys: [], promotedFrom: { environment: 'staging', release: { number: source.number } } });
    expect(there.image.digest).toBe(source.image.digest);
    await waitFor(async () => (await newest('production')).state === 'live', { timeoutMs: 60_000, what: 'the promotion to be live' });
  });

  it('holds a push until it is approved, through kill -9 of the control plane and a Redis that forgot everything', async () => {
    await copy.commitFixture('myapp/1.2');
    const { code, stderr } = await copy.push();
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('remote: -----> Waiting until a sysadmin approves');
    expect(stderr).toMatch(/main -> refs\/molo\/waiting\//);
    const waiting = await newest('production');
    expect(waiting).toMatchObject({ state: 'awaiting_approval', build: { state: 'succeeded' } });
    await kill9('control-plane');
    expect(await redis('FLUSHALL')).toBe('OK');
    await waitFor(async () => (await molo('status')).code === 0, { timeoutMs: 60_000, what: 'the platform to answer' });
    expect((await newest('production')).state).toBe('awaiting_approval');
    expect(await versionAt(app)).toBe('1.1');
    expect(await molo('approve', waiting.id, '--yes')).toMatchObject({ code: 0 });
    expect(await redis('FLUSHALL')).toBe('OK');
    await untilVersion('1.2');
    await waitFor(async () => (await newest('production')).state === 'live', { timeoutMs: 60_000, what: 'the push to be live' });
    const commit = (await copy.git('rev-parse', 'HEAD')).stdout.trim();
    expect((await copy.git('ls-remote', 'molo', 'refs/heads/main')).stdout).toBe(`${commit}\trefs/heads/main\n`);
  });

  it('leaves its address to nobody once staging is removed, and serves on', async () => {
    expect(await molo('environments', 'remove', 'staging', '--app', app, '--yes')).toMatchObject({ code: 0 });
    await waitFor(async () => (await visit(`${app}--staging`, '/version')).status === 404, { timeoutMs: 30_000, what: 'the address to lead nowhere' });
    expect(await versionAt(app)).toBe('1.2');
  });
});
