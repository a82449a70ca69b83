import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment, Instance, InstanceLogLine, Release } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { Traffic } from '../../infra/demo/traffic.js';
import { molo, moloJson, setting, visit, WorkingCopy } from './platform.js';

describe('MyApp', () => {
  let copy: WorkingCopy;
  let traffic: Traffic;

  beforeAll(async () => {
    copy = await WorkingCopy.of('voyager');
    await copy.commitFixture('myapp/1.0');
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  it('goes live by git push, and the push tells release, version, address and receipt', async () => {
    const { code, stderr } = await copy.push();
    expect(stderr).toContain('remote: ----->');
    expect(stderr).toContain(`http://voyager.localhost`);
    expect(stderr).toMatch(/v1\b/);
    expect(stderr).toContain('1.0');
    expect(code).toBe(0);
    expect((await visit('voyager', '/version')).headers['x-myapp-version']).toBe('1.0');
  });

  it('goes 1.0 → 1.1 → 1.2 and back without one failed request or dropped socket', async () => {
    traffic = new Traffic('voyager.localhost', Number(setting('MOLO_HTTP_PORT')));
    traffic.start();
    for (const version of ['1.1', '1.2']) {
      await copy.commitFixture(`myapp/${version}`);
      expect(await copy.push()).toMatchObject({ code: 0 });
      expect((await visit('voyager', '/version')).headers['x-myapp-version']).toBe(version);
    }
    expect(await molo('rollback', 'v2', '--app', 'voyager')).toMatchObject({ code: 0 });
    expect((await visit('voyager', '/version')).headers['x-myapp-version']).toBe('1.1');
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    expect(traffic.counts).toMatchObject({ failed: 0, socketsDropped: 0 });
    expect(traffic.counts.requests).toBeGreaterThan(100);
    const deployments = await moloJson<Deployment[]>('deployments', '--app', 'voyager');
    for (const { receipt, state } of deployments) expect([state, receipt?.failed, receipt?.connectionsDropped]).toEqual([expect.stringMatching(/live|superseded/), 0, 0]);
  });

  it('moves the Source layer alone for a one-line change', async () => {
    await copy.commitFixture('myapp/1.2');
    await copy.write('note.txt', `${Date.now()}\n`);
    await copy.commit('Change one line');
    expect(await copy.push()).toMatchObject({ code: 0 });
    const [release] = await moloJson<Release[]>('releases', '--app', 'voyager');
    expect(release?.image.layers.filter((layer) => layer.moved).map((layer) => layer.kind)).toEqual(['source']);
    expect(new Set(release?.image.layers.map((layer) => layer.kind))).toEqual(new Set(['os-base', 'os-custom', 'binary', 'library', 'source']));
  });

  it('is scaled without restarting what runs', async () => {
    const before = await moloJson<Instance[]>('ps', '--app', 'voyager');
    expect(await molo('scale', 'web=3', '--app', 'voyager')).toMatchObject({ code: 0 });
    const after = await moloJson<Instance[]>('ps', '--app', 'voyager');
    expect(after.filter((instance) => instance.observed === 'healthy' && instance.serving)).toHaveLength(3);
    expect(after.map((instance) => instance.id)).toContain(before[0]?.id);
  });

  it('gets its config by a new release without a build, and a secret is never shown', async () => {
    expect(await molo('config', 'set', 'GREETING=ahoy', '--app', 'voyager')).toMatchObject({ code: 0 });
    expect(await molo('config', 'set', 'API_KEY=k3y-of-the-e2e', '--secret', '--app', 'voyager')).toMatchObject({ code: 0 });
    const shown = await molo('config', '--app', 'voyager', '--json');
    expect(shown.stdout).toContain('ahoy');
    expect(shown.stdout).not.toContain('k3y-of-the-e2e');
    const [release] = await moloJson<Release[]>('releases', '--app', 'voyager');
    expect(release).toMatchObject({ reason: 'config', configKeys: ['API_KEY', 'GREETING'] });
  });

  it('keeps the log of its instances beyond their containers', async () => {
    const running = (await moloJson<Instance[]>('ps', '--app', 'voyager')).map(({ release }) => release);
    const logged = async () => (await molo('logs', '--app', 'voyager', '-n', '500', '--json')).stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as InstanceLogLine);
    expect(running.length).toBeGreaterThan(0);
    await waitFor(async () => (await logged()).some(({ release, stream }) => stream !== 'molo' && !running.includes(release)), { timeoutMs: 15_000, what: 'lines of a release that runs no more' });
  });
});
