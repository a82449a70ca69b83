import { beforeEach, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import type { As } from '../test-control-plane.js';
import { agent, approve, changes, configNow, developer, headers, platform, push, there, untilLive, withApprovalBed } from './test-approvals.js';

withApprovalBed();

describe('a promotion', () => {
  const promote = async (body: object, as: As = developer) => await platform.call(api.promote, { params: there, body, as, headers });

  beforeEach(async () => {
    await platform.call(api.createEnvironment, { params: there, body: { name: 'staging' } });
  });

  it('deploys the same image with the config of where it goes to, and says where it came from', async () => {
    const staging = { ...there, environment: 'staging' };
    await platform.call(api.updateConfig, { params: staging, body: { set: { GREETING: 'from staging' } } });
    await untilLive(await push({ environmentName: 'staging' }));
    const builds = agent.builtIds.length;
    const { ok } = await promote({ from: 'staging' });
    expect(ok).toMatchObject({ state: 'awaiting_approval', reason: 'promotion', build: null, promotedFrom: { environment: 'staging', release: { number: 1 } }, commit: { subject: 'Change a line' } });
    expect((await changes(ok.id)).ok.config).toEqual([]);
    await approve(ok.id);
    await untilLive(ok.id);
    expect(agent.builtIds).toHaveLength(builds);
    const [there2, source] = await Promise.all([platform.call(api.getRelease, { params: { ...there, number: '2' } }), platform.call(api.getRelease, { params: { ...staging, number: '1' } })]);
    expect(there2.ok.image.digest).toBe(source.ok.image.digest);
    expect(there2.ok).toMatchObject({ live: true, reason: 'promotion', configKeys: ['GREETING'], commit: source.ok.commit, promotedFrom: { environment: 'staging', release: { number: 1 } } });
    expect(await configNow()).toEqual({ GREETING: 'hello' });
    expect((await promote({ from: 'staging' })).problem).toMatchObject({ code: 'conflict', detail: expect.stringContaining('is live in production already') as string });
  });

  it('is refused where there is nothing to promote', async () => {
    expect((await promote({ from: 'staging' })).problem).toMatchObject({ code: 'conflict', detail: expect.stringContaining('Nothing is live in staging yet') as string });
    expect((await promote({ from: 'nowhere' })).problem.code).toBe('not_found');
    expect((await promote({ from: 'production' })).problem.code).toBe('invalid_input');
    expect((await promote({ from: 'staging', release: 7 })).problem.code).toBe('not_found');
  });
});
