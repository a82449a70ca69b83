import { describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { BuildOrders } from '../builds/build-orders.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { agent, approve, configNow, configure, developer, headers, live, platform, push, sysadmin, there, untilAwaiting, untilLive, view, withApprovalBed } from './test-approvals.js';

withApprovalBed();

const buildOrder = async (deploymentId: string) => {
  const [build]: { id: string }[] = await platform.dataSource.query('select build_id as id from deployments where id = $1', [deploymentId]);
  return await platform.app.get(BuildOrders).of(build!.id, agent.nodeId);
};

describe('what waits for approval', () => {
  it('keeps Molo from nothing: a release that dies is undone, and what waits waits on', async () => {
    const bad = await push({ caller: moloItself });
    await untilLive(bad);
    const waiting = await push();
    await untilAwaiting(waiting);
    agent.fate = ({ deploymentId }) => (deploymentId === bad ? { observed: 'backing_off', restarts: 1, exitCode: 1, failure: { code: 'instance_exited', detail: 'web.1 ended with code 1.' } } : { observed: 'healthy' });
    await agent.reconcile();
    await waitFor(async () => (await live()) === 3, { timeoutMs: 20_000, what: 'the rollback to be live' });
    agent.fate = () => ({ observed: 'healthy' });
    expect((await view(bad)).failure).toMatchObject({ code: 'instance_exited' });
    expect((await view(waiting)).state).toBe('awaiting_approval');
  });

  it('is built without the config of the environment, and without the tag of what is released', async () => {
    const approved = await push({ caller: moloItself, versionTag: '1.0' });
    await untilLive(approved);
    const waiting = await push({ versionTag: '1.1' });
    await untilAwaiting(waiting);
    expect([await buildOrder(approved), await buildOrder(waiting)]).toMatchObject([{ config: { GREETING: 'hello' }, tags: ['1.0'] }, { config: {}, tags: [] }]);
  });

  it('leaves nothing of what it held once it is cancelled', async () => {
    const { deployment } = await configure({ set: { GREETING: 'ciao' } });
    await platform.app.get(DeploymentsService).cancel(deployment!.id, moloItself);
    expect(await platform.dataSource.query('select change_encrypted from approvals where deployment_id = $1', [deployment!.id])).toEqual([{ change_encrypted: null }]);
    expect(await configNow()).toEqual({ GREETING: 'hello' });
  });

  it('cannot be approved once its environment was removed, also where it was not cancelled yet', async () => {
    const waiting = await push();
    await untilAwaiting(waiting);
    await platform.dataSource.query('update environments set deleted_at = now() where id = (select environment_id from deployments where id = $1)', [waiting]);
    expect((await approve(waiting)).problem).toMatchObject({ code: 'not_found', detail: 'Its environment was removed.' });
  });
});

describe('a protected environment', () => {
  it('gives its domains to no other, and takes none, but by a sysadmin', async () => {
    const host = `shop.${there.app}.example.com`;
    expect((await platform.call(api.addDomain, { params: there, body: { host }, as: developer, headers })).problem).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('is protected') as string });
    expect((await platform.call(api.addDomain, { params: there, body: { host }, as: sysadmin, headers })).status).toBe(201);
    expect((await platform.call(api.removeDomain, { params: { ...there, host }, as: developer, headers })).problem.code).toBe('forbidden');
    expect((await platform.call(api.removeDomain, { params: { ...there, host }, as: sysadmin, headers })).status).toBe(204);
  });

  it('takes no config or formation into a first release that needs no approval any more', async () => {
    await platform.call(api.createEnvironment, { params: there, body: { name: 'staging' } });
    const params = { ...there, environment: 'staging' };
    await platform.call(api.updateEnvironment, { params, body: { protected: true } });
    const set = async (value: string) => (await platform.call(api.updateConfig, { params, body: { set: { GREETING: value } }, as: developer, headers })).status;
    expect(await set('before')).toBe(200);
    agent.holdBuilds = true;
    const first = await push({ caller: moloItself, environmentName: 'staging' });
    expect([await set('meanwhile'), (await platform.call(api.scale, { params, body: { web: 2 }, as: developer, headers })).status]).toEqual([409, 409]);
    agent.holdBuilds = false;
    await platform.app.get(DeploymentsService).cancel(first, moloItself);
    await waitFor(async () => (await set('after')) === 200, { what: 'the first deployment to be over' });
  });
});
