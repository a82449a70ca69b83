import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, isFinal } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { BuildsService } from '../builds/builds.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { SimulatedAgent } from '../deployments/simulated-agent.js';
import { Sweeper } from '../deployments/sweeper.js';
import { DesiredService } from '../nodes/desired.service.js';
import { NodeReports } from '../nodes/node-reports.js';
import { NodesService } from '../nodes/nodes.service.js';
import { ObservedService } from '../nodes/observed.service.js';
import { TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;
let agent: SimulatedAgent;
const params = { app: 'myapp' };

beforeAll(async () => {
  platform = await TestControlPlane.start();
  await platform.call(api.createApp, { body: { name: 'myapp' } });
  const get = platform.app.get.bind(platform.app);
  const [node] = await get(NodesService).list();
  agent = new SimulatedAgent(node?.id ?? '', { queues: get(Queues), desired: get(DesiredService), observed: get(ObservedService), builds: get(BuildsService), reports: get(NodeReports) });
  await agent.start();
});

afterAll(async () => {
  agent.stop();
  await platform[Symbol.asyncDispose]();
});

const create = async (name: string, app = 'myapp') => await platform.call(api.createEnvironment, { params: { app }, body: { name } });
const remove = async (environment: string) => await platform.call(api.removeEnvironment, { params: { ...params, environment } });
const names = async () => (await platform.call(api.listEnvironments, { params })).ok.items.map(({ name }) => name);

async function push(environmentName: string): Promise<string> {
  const { ok } = await platform.call(api.getApp, { params });
  const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
  const commit = { id, subject: 'Change a line', author: 'Ada' };
  const facts = { appId: ok.id, environmentName, commit, treeId: id, sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1000, versionTag: '1.0', gitRef: '', gitOld: '', gitNew: '', caller: moloItself };
  return (await platform.app.get(DeploymentsService).push(facts)).deploymentId;
}

async function end(deploymentId: string): Promise<string> {
  const deployment = await waitFor(
    async () => {
      const { ok } = await platform.call(api.getDeployment, { params: { deploymentId } });
      return isFinal(ok.state) && ok;
    },
    { timeoutMs: 20_000, what: 'the deployment to end' },
  );
  return deployment.state;
}

describe('an environment', () => {
  it('has an address, config, formation and releases of its own', async () => {
    expect((await create('staging')).ok).toMatchObject({ name: 'staging', url: 'http://myapp--staging.localhost:8080', liveRelease: null });
    expect(await names()).toEqual(['production', 'staging']);
    const [staging, production] = [{ ...params, environment: 'staging' }, { ...params, environment: 'production' }];
    await platform.call(api.updateConfig, { params: staging, body: { set: { GREETING: 'hello' } } });
    await platform.call(api.scale, { params: staging, body: { web: 2 } });
    expect(await end(await push('staging'))).toBe('live');
    expect((await platform.call(api.getEnvironment, { params: staging })).ok).toMatchObject({ liveRelease: { number: 1, version: '1.0' }, instances: { wanted: 2, healthy: 2 } });
    expect((await platform.call(api.getEnvironment, { params: production })).ok).toMatchObject({ liveRelease: null, lastDeployment: null, instances: { wanted: 0 } });
    expect((await platform.call(api.getConfig, { params: production })).ok.items).toEqual([]);
    expect((await platform.call(api.listReleases, { params: production })).ok.items).toEqual([]);
    const routes = agent.seen.at(-1)?.routes.map(({ hosts }) => hosts);
    expect(routes).toContainEqual(['myapp--staging.localhost']);
    expect(routes).toContainEqual(['myapp.localhost']);
  });

  it.each([['production', 'already_exists'], ['main', 'conflict'], ['a--b', 'invalid_input'], ['Staging', 'invalid_input'], ['-x', 'invalid_input'], ['a'.repeat(21), 'invalid_input']])('is not made where it would be mistaken for another, or be no host: %s', async (name, code) => {
    expect((await create(name)).problem.code).toBe(code);
  });

  it('is not made for an app whose address would then begin as those in other scripts do', async () => {
    await platform.call(api.createApp, { body: { name: 'xn' } });
    expect((await create('staging', 'xn')).problem.code).toBe('conflict');
  });

  it('has its branch for itself', async () => {
    await create('acceptance');
    for (const deployBranch of ['acceptance', 'acceptance/next']) expect((await platform.call(api.updateApp, { params, body: { deployBranch } })).problem).toMatchObject({ code: 'conflict', detail: expect.stringContaining('deploy the environment acceptance') as string });
    expect((await platform.call(api.updateApp, { params, body: { deployBranch: 'release/next' } })).status).toBe(200);
    expect((await create('release')).problem.code).toBe('conflict');
    await platform.call(api.updateApp, { params, body: { deployBranch: 'main' } });
  });

  it('is made once when two make it at once, and no more than twenty', async () => {
    const made = await Promise.all([create('twice'), create('twice')]);
    expect(made.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    const left = 20 - (await names()).length;
    for (let index = 0; index < left; index++) expect((await create(`many-${index}`)).status).toBe(201);
    expect((await create('one-more')).problem).toMatchObject({ code: 'conflict', detail: expect.stringContaining('Remove one first') as string });
    for (let index = 0; index < left; index++) expect((await remove(`many-${index}`)).status).toBe(204);
  });
});

describe('an environment that is removed', () => {
  it('has its instances stopped, its hosts led nowhere, and leaves its name to one that knows nothing of it', async () => {
    const staging = { ...params, environment: 'staging' };
    await platform.call(api.addDomain, { params: staging, body: { host: 'staging.example.com' } });
    const waiting = await push('staging');
    expect((await remove('staging')).status).toBe(204);
    expect(await end(waiting)).toMatch(/cancelled|live/);
    await waitFor(() => agent.seen.at(-1)?.routes.every(({ environment }) => environment !== 'staging'), { what: 'the routes to go' });
    await waitFor(() => agent.seen.at(-1)?.instances.every(({ environment, desired }) => environment !== 'staging' || desired === 'stopped'), { what: 'the instances to stop' });
    expect(await names()).not.toContain('staging');
    for (const answer of [await platform.call(api.getConfig, { params: staging }), await platform.call(api.redeploy, { params: staging }), await remove('staging')]) expect(answer.problem.detail).toContain('has no environment staging');
    expect((await create('staging')).ok).toMatchObject({ liveRelease: null, lastDeployment: null });
    expect((await platform.call(api.getConfig, { params: staging })).ok.items).toEqual([]);
    expect((await platform.call(api.addDomain, { params: staging, body: { host: 'staging.example.com' } })).status).toBe(201);
  });

  it('is removed once when two do it at once', async () => {
    await create('twice-gone');
    const answers = await Promise.all([remove('twice-gone'), remove('twice-gone')]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 404]);
  });

  it('is never production, which goes with its app', async () => {
    expect((await remove('production')).problem.code).toBe('conflict');
  });

  it('has what was under way cancelled by the sweeper, where its remover died before that', async () => {
    await create('orphan');
    // Another has the turn, so that this one waits.
    await platform.dataSource.query(`update environments set active_deployment_id = $1 where name = 'orphan'`, [randomUUID()]);
    const deploymentId = await push('orphan');
    await platform.dataSource.query(`update environments set deleted_at = now() where name = 'orphan'`);
    await platform.app.get(Sweeper).sweep();
    expect(await end(deploymentId)).toBe('cancelled');
  });

  it('goes with its app', async () => {
    await platform.call(api.createApp, { body: { name: 'whole' } });
    await create('staging', 'whole');
    await platform.call(api.deleteApp, { params: { app: 'whole' } });
    expect(await platform.dataSource.query(`select 1 from environments e join apps a on a.id = e.app_id where a.name = 'whole' and e.deleted_at is null`)).toEqual([]);
  });
});
