import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { approve, changes, configNow, configure, developer, headers, platform, push, sysadmin, there, untilAwaiting, untilLive, view, withApprovalBed } from './test-approvals.js';

withApprovalBed();

describe('a change of a protected environment', () => {
  it('of config is kept, sealed, and made when it is approved; secrets are shown to nobody', async () => {
    const secret = `secret-${randomUUID()}`;
    const { items, deployment } = await configure({ set: { API_KEY: secret }, unset: ['GREETING'], secret: true });
    expect([items.map(({ key }) => key), deployment?.state, await configNow()]).toEqual([['GREETING'], 'awaiting_approval', { GREETING: 'hello' }]);
    const answer = await changes(deployment!.id);
    expect(answer.ok.config).toEqual([{ key: 'API_KEY', kind: 'added', secret: true, before: null, after: null }, { key: 'GREETING', kind: 'removed', secret: false, before: 'hello', after: null }]);
    // What somebody else deploys meanwhile has nothing of it.
    await untilLive((await configure({ set: { COLOUR: 'blue' } }, sysadmin)).deployment?.id ?? '');
    expect(await configNow()).toEqual({ COLOUR: 'blue', GREETING: 'hello' });
    await approve(deployment!.id);
    const { release } = await untilLive(deployment!.id);
    expect(await configNow()).toEqual({ API_KEY: null, COLOUR: 'blue' });
    expect((await platform.call(api.getRelease, { params: { ...there, number: String(release?.number) } })).ok.configKeys.toSorted()).toEqual(['API_KEY', 'COLOUR']);
    const audit = (await platform.call(api.listAudit, { query: { app: there.app, limit: '200' } })).text;
    const rows = JSON.stringify(await platform.dataSource.query('select * from approvals'));
    expect(answer.text + audit + rows + platform.logLines.join('')).not.toContain(secret);
    expect(audit).toContain('config.changed');
  });

  it('is dropped by no push: two that wait are approved one by one', async () => {
    const [first, second] = [(await configure({ set: { ONE: '1' } })).deployment!, (await configure({ set: { TWO: '2' } })).deployment!];
    const pushed = await push();
    await untilAwaiting(pushed);
    for (const id of [first.id, second.id]) expect((await view(id)).state).toBe('awaiting_approval');
    await approve(second.id);
    await untilLive(second.id);
    expect(await configNow()).toEqual({ GREETING: 'hello', TWO: '2' });
    await approve(first.id);
    await untilLive(first.id);
    expect(await configNow()).toEqual({ GREETING: 'hello', ONE: '1', TWO: '2' });
  });

  it('of the formation scales when it is approved', async () => {
    const { ok } = await platform.call(api.scale, { params: there, body: { web: 3 }, as: developer, headers });
    expect([ok.formation, ok.deployment?.state]).toEqual([{ web: 1, worker: 0 }, 'awaiting_approval']);
    expect((await changes(ok.deployment!.id)).ok.formation).toEqual([{ processType: 'web', before: 1, after: 3 }]);
    expect((await platform.call(api.getFormation, { params: there })).ok).toEqual({ web: 1, worker: 0 });
    await approve(ok.deployment!.id);
    await untilLive(ok.deployment!.id);
    expect((await platform.call(api.getEnvironment, { params: there })).ok.instances).toEqual({ wanted: 3, healthy: 3 });
  });

  it('back to an earlier release leaves the config as it is until it is approved', async () => {
    await untilLive((await configure({ set: { GREETING: 'ciao' } }, sysadmin)).deployment?.id ?? '');
    const { ok } = await platform.call(api.rollBack, { params: there, body: { release: 1 }, as: developer, headers });
    expect([ok.state, await configNow()]).toEqual(['awaiting_approval', { GREETING: 'ciao' }]);
    expect((await changes(ok.id)).ok.config).toEqual([{ key: 'GREETING', kind: 'changed', secret: false, before: 'ciao', after: 'hello' }]);
    await approve(ok.id);
    await untilLive(ok.id);
    expect(await configNow()).toEqual({ GREETING: 'hello' });
  });
});
