import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, isFinal } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { BuildsService } from '../builds/builds.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { SimulatedAgent } from '../deployments/simulated-agent.js';
import { DesiredService } from '../nodes/desired.service.js';
import { NodeReports } from '../nodes/node-reports.js';
import { NodesService } from '../nodes/nodes.service.js';
import { ObservedService } from '../nodes/observed.service.js';
import { TestControlPlane } from '../test-control-plane.js';
import { ConfigSnapshots, valuesOf } from './config-snapshots.js';
import { EnvironmentsService } from './environments.service.js';

let platform: TestControlPlane;
let agent: SimulatedAgent;
const idle = { app: 'idle', environment: 'production' };
const running = { app: 'running', environment: 'production' };

beforeAll(async () => {
  platform = await TestControlPlane.start();
  for (const name of ['idle', 'running']) await platform.call(api.createApp, { body: { name } });
  const get = platform.app.get.bind(platform.app);
  const [node] = await get(NodesService).list();
  agent = new SimulatedAgent(node?.id ?? '', { queues: get(Queues), desired: get(DesiredService), observed: get(ObservedService), builds: get(BuildsService), reports: get(NodeReports) });
  await agent.start();
  await deploy('running');
});

afterAll(async () => {
  agent.stop();
  await platform[Symbol.asyncDispose]();
});

async function deploy(name: string): Promise<void> {
  const app = await platform.call(api.getApp, { params: { app: name } });
  const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
  const { deploymentId } = await platform.app.get(DeploymentsService).push({
    appId: app.ok.id,
    environmentName: 'production',
    commit: { id, subject: 'Change a line', author: 'Ada' },
    treeId: id,
    sourceDigest: `sha256:${'a'.repeat(64)}`,
    sourceBytes: 1000,
    versionTag: '1.0',
    gitRef: '',
    gitOld: '',
    gitNew: '',
    caller: moloItself,
  });
  await untilLive(deploymentId);
}

async function untilLive(deploymentId: string): Promise<void> {
  const { ok } = await waitFor(
    async () => {
      const answer = await platform.call(api.getDeployment, { params: { deploymentId } });
      return isFinal(answer.ok.state) && answer;
    },
    { timeoutMs: 20_000, what: 'the deployment to end' },
  );
  expect([ok.state, ok.failure]).toEqual(['live', null]);
}

const setConfig = (params: { app: string; environment: string }, body: object | string) => platform.call(api.updateConfig, { params, body });

describe('config', () => {
  it('shows plain values and hides secret ones for good', async () => {
    const { ok } = await setConfig(idle, { set: { LOG_LEVEL: 'debug' } });
    expect(ok).toMatchObject({ items: [{ key: 'LOG_LEVEL', secret: false, value: 'debug' }], deployment: null });
    await setConfig(idle, { set: { API_KEY: 'sesame-1' }, secret: true });
    // Setting a secret again without saying so leaves it a secret.
    await setConfig(idle, { set: { API_KEY: 'sesame-2' } });
    const { ok: config } = await platform.call(api.getConfig, { params: idle });
    expect(config.items).toMatchObject([{ key: 'API_KEY', secret: true, value: null }, { key: 'LOG_LEVEL', secret: false, value: 'debug' }]);
    const { environment } = await platform.app.get(EnvironmentsService).find('idle', 'production');
    expect(valuesOf(await platform.app.get(ConfigSnapshots).take(platform.dataSource.manager, environment.id))).toEqual({ API_KEY: 'sesame-2', LOG_LEVEL: 'debug' });
  });

  it('is nowhere in the clear: not in the database, the audit or the log', async () => {
    const [plain, secret] = [`plain-${randomUUID()}`, `secret-${randomUUID()}`];
    const headers = { 'idempotency-key': randomUUID() };
    await platform.call(api.updateConfig, { params: running, body: { set: { PLAIN: plain } }, headers });
    await setConfig(running, { set: { SECRET: secret }, secret: true });
    await setConfig(running, { set: { 'BAD-KEY': secret } });
    const tables = await platform.dataSource.query<{ name: string }[]>(`select table_name as name from information_schema.tables where table_schema = 'public'`);
    expect(tables.length).toBeGreaterThan(15);
    for (const { name } of tables) {
      const rows = JSON.stringify(await platform.dataSource.query(`select * from "${name}"`));
      expect(rows.includes(plain) || rows.includes(secret), name).toBe(false);
    }
    const { text } = await platform.call(api.listAudit, { query: { limit: '200' } });
    expect(text).toContain('config.changed');
    expect(text + platform.logLines.join('')).not.toMatch(new RegExp(`${plain}|${secret}`));
  });

  it('makes and deploys a new release without a build where one is live, and nothing where nothing changed', async () => {
    const builds = agent.builtIds.length;
    const { ok } = await setConfig(running, { set: { COLOUR: 'blue' } });
    expect(ok.deployment).toMatchObject({ reason: 'config', app: 'running' });
    await untilLive(ok.deployment?.id ?? '');
    expect(agent.builtIds).toHaveLength(builds);
    const { ok: releases } = await platform.call(api.listReleases, { params: running });
    expect(releases.items[0]).toMatchObject({ reason: 'config', live: true, configKeys: expect.arrayContaining(['COLOUR']) });
    const env = agent.seen.at(-1)?.instances.find(({ desired }) => desired === 'running')?.env;
    expect(env).toMatchObject({ COLOUR: 'blue' });
    expect((await setConfig(running, { set: { COLOUR: 'blue' }, unset: ['NEVER_SET'] })).ok.deployment).toBeNull();
  });

  it('unsets, and refuses to set and unset one key at once', async () => {
    await setConfig(idle, { set: { GONE: '1' } });
    const { ok } = await setConfig(idle, { unset: ['GONE'] });
    expect(ok.items.map(({ key }) => key)).not.toContain('GONE');
    expect((await setConfig(idle, { set: { BOTH: '1' }, unset: ['BOTH'] })).problem.errors).toEqual([{ path: 'unset.BOTH', message: 'is in "set" too' }]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('refuses the key %s, under which every object finds something', async (key) => {
    for (const body of [`{"set":{"GOOD":"1","${key}":"x"}}`, `{"unset":["${key}"]}`]) {
      const { status, problem } = await setConfig(idle, body);
      expect([status, problem.errors?.map(({ message }) => message)]).toEqual([422, ['is reserved; take another key']]);
      expect(problem.detail).toContain('is reserved');
    }
  });

  it('keeps the key prototype as any other', async () => {
    const { ok } = await setConfig(idle, { set: { prototype: 'x' } });
    expect(ok.items).toContainEqual(expect.objectContaining({ key: 'prototype', value: 'x' }));
    await setConfig(idle, { unset: ['prototype'] });
  });

  it('loses no change when many are made at once', async () => {
    const keys = Array.from({ length: 10 }, (_, index) => `KEY_${index}`);
    await Promise.all(keys.map((key) => setConfig(idle, { set: { [key]: key } })));
    const { ok } = await platform.call(api.getConfig, { params: idle });
    expect(ok.items.map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
  });
});

describe('formation', () => {
  it('scales the process types of the live release', async () => {
    const { ok, status } = await platform.call(api.scale, { params: running, body: { web: 3 } });
    expect([status, ok.formation, ok.deployment?.reason]).toEqual([202, { web: 3, worker: 0 }, 'scale']);
    await untilLive(ok.deployment?.id ?? '');
    expect((await platform.call(api.getFormation, { params: running })).ok).toEqual({ web: 3, worker: 0 });
    const { ok: app } = await platform.call(api.getApp, { params: running });
    expect(app.environments[0]?.instances).toEqual({ wanted: 3, healthy: 3 });
    expect((await platform.call(api.scale, { params: running, body: { web: 3 } })).ok.deployment).toBeNull();
  });

  it('refuses process types that the live release does not have', async () => {
    const { status, problem } = await platform.call(api.scale, { params: running, body: { wrok: 2, release: 1, web: 1 } });
    expect(status).toBe(422);
    expect(problem.errors?.map(({ path }) => path)).toEqual(['wrok', 'release']);
    expect(problem.detail).toContain('web');
  });

  it.each([{ web: -1 }, { web: 1.5 }, { web: 101 }, { web: 'two' }, { Web: 1 }, '{"__proto__": 1}'])('refuses %j', async (body) => {
    expect((await platform.call(api.scale, { params: running, body })).status).toBe(422);
  });
});

describe('a domain', () => {
  it('leads to its environment beside the one that the environment has by itself', async () => {
    const { ok } = await platform.call(api.addDomain, { params: running, body: { host: 'Shop.Example.com' } });
    expect(ok).toMatchObject({ host: 'shop.example.com', builtIn: false });
    const { ok: list } = await platform.call(api.listDomains, { params: running });
    expect(list.items).toMatchObject([{ host: 'running.localhost', builtIn: true }, { host: 'shop.example.com', builtIn: false }]);
    await waitFor(() => agent.seen.at(-1)?.routes.some(({ hosts }) => hosts.includes('shop.example.com')), { what: 'the node to know the host' });
  });

  it('belongs to one environment', async () => {
    expect((await platform.call(api.addDomain, { params: idle, body: { host: 'shop.example.com' } })).problem.code).toBe('already_exists');
    expect((await platform.call(api.addDomain, { params: running, body: { host: 'shop.example.com' } })).status).toBe(201);
  });

  it.each(['203.0.113.7', '127.1', '10.0.0.0x1f', 'shop.0x', '2001:db8::1', '[::1]'])('cannot be an IP address, such as %s', async (host) => {
    const { status, problem } = await platform.call(api.addDomain, { params: running, body: { host } });
    expect([status, problem.errors?.[0]?.path]).toEqual([422, 'host']);
  });

  it.each(['4.example.com', '10.0.0.7.nip.io'])('may hold numbers, such as %s', async (host) => {
    expect((await platform.call(api.addDomain, { params: running, body: { host } })).status).toBe(201);
    expect((await platform.call(api.removeDomain, { params: { ...running, host } })).status).toBe(204);
  });

  it('cannot be one of the platform', async () => {
    for (const host of ['molo.localhost', 'idle.localhost', 'x.y.localhost']) expect((await platform.call(api.addDomain, { params: running, body: { host } })).status, host).toBe(422);
  });

  it('goes when it is removed; the built-in one stays', async () => {
    const remove = (host: string) => platform.call(api.removeDomain, { params: { ...running, host } });
    expect((await remove('shop.example.com')).status).toBe(204);
    expect((await remove('shop.example.com')).status).toBe(404);
    expect((await remove('running.localhost')).status).toBe(409);
    await waitFor(() => agent.seen.at(-1)?.routes.every(({ hosts }) => !hosts.includes('shop.example.com')), { what: 'the node to forget the host' });
  });
});

describe('a deleted app', () => {
  it('has its instances stopped and its hosts led nowhere', async () => {
    expect((await platform.call(api.deleteApp, { params: running })).status).toBe(204);
    await waitFor(() => agent.seen.at(-1)?.routes.every(({ app }) => app !== 'running'), { what: 'the route to go' });
    await waitFor(() => agent.seen.at(-1)?.instances.every(({ app, desired }) => app !== 'running' || desired === 'stopped'), { what: 'the instances to stop' });
  });
});
