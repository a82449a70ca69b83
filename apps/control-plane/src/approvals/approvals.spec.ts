import { describe, expect, it } from 'vitest';
import { api, isFinal } from '@molo/contracts';
import { connectRedis } from '@molo/queue';
import { testRedisUrl, waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { Sweeper } from '../deployments/sweeper.js';
import type { As } from '../test-control-plane.js';
import { agent, approve, changes, configure, decline, developer, headers, live, platform, push, sysadmin, there, until, untilAwaiting, untilLive, view, withApprovalBed } from './test-approvals.js';

withApprovalBed();

describe('a push to a protected environment', () => {
  it('is built, then waits until a sysadmin approves it, with a word, and goes live as it was built', async () => {
    const id = await push();
    const waiting = await untilAwaiting(id);
    expect(waiting).toMatchObject({ release: null, build: { state: 'succeeded' }, approval: { decision: null, by: null } });
    expect((await platform.call(api.listApprovals, { as: developer })).ok.items.map((each) => each.id)).toContain(id);
    expect((await platform.call(api.getEnvironment, { params: there })).ok).toMatchObject({ protected: true, awaitingApproval: 1, activeDeployment: null });
    const builds = agent.builtIds.length;
    expect((await approve(id, { word: 'Looks good' })).status).toBe(202);
    expect(await untilLive(id)).toMatchObject({ release: { number: 2 }, approval: { decision: 'approved', by: { kind: 'user', name: 'a sysadmin' }, word: 'Looks good' } });
    expect(agent.builtIds).toHaveLength(builds);
    expect((await platform.call(api.listApprovals, { as: developer })).ok.items.map((each) => each.id)).not.toContain(id);
    const [event] = (await platform.call(api.listAudit, { query: { action: 'deployment.approved', app: there.app } })).ok.items;
    expect(event).toMatchObject({ target: id, before: { release: 1 }, after: { reason: 'push', word: 'Looks good' } });
  });

  it('tells what it would change: image, commits, config and formation', async () => {
    const id = await push({ commitId: 'c'.repeat(40) });
    await untilAwaiting(id);
    const { ok } = await changes(id);
    expect(ok).toMatchObject({ live: { number: 1 }, commit: { after: { id: 'c'.repeat(40) } }, config: [], formation: [] });
    expect(ok.image.before).toMatch(/^sha256:/);
    expect(ok.image.after).toMatch(/^sha256:/);
    expect(ok.image.after).not.toBe(ok.image.before);
    await decline(id);
    expect((await changes(id)).problem).toMatchObject({ code: 'conflict', detail: 'It was declined by a sysadmin already.' });
  });

  it('keeps nobody else waiting: what needs no approval passes it', async () => {
    const waiting = await push();
    await untilAwaiting(waiting);
    const { ok } = await platform.call(api.redeploy, { params: there, as: sysadmin, headers });
    await untilLive(ok.id);
    expect((await view(waiting)).state).toBe('awaiting_approval');
  });

  it('takes the place of an earlier one that waits, and of no one that may go on', async () => {
    const first = await push();
    await untilAwaiting(first);
    const second = await push();
    expect(await view(first)).toMatchObject({ state: 'cancelled', failure: { code: 'deployment_superseded' } });
    agent.holdBuilds = true;
    const running = await push({ caller: moloItself });
    expect(await view(second)).toMatchObject({ state: 'cancelled' });
    await waitFor(async () => (await platform.call(api.getEnvironment, { params: there })).ok.activeDeployment?.id === running, { what: 'its turn' });
    const queued = await push({ caller: moloItself });
    const third = await push();
    expect((await view(queued)).state).toBe('queued');
    agent.holdBuilds = false;
    await platform.app.get(DeploymentsService).cancel(running, moloItself);
    await untilLive(queued);
    await untilAwaiting(third);
  });

  it('is the same when it is pushed once more, and another when something else is', async () => {
    const commitId = 'd'.repeat(40);
    const id = await push({ commitId });
    await untilAwaiting(id);
    expect(await push({ commitId })).toBe(id);
    expect(await push()).not.toBe(id);
    expect((await view(id)).state).toBe('cancelled');
  });

  it('asks nobody when it cannot be built', async () => {
    agent.buildFailure = { code: 'build_step_failed', detail: 'npm ci failed.' };
    try {
      expect(await until(await push(), isFinal)).toMatchObject({ state: 'failed', failure: { code: 'build_step_failed' }, approval: { decision: null } });
    } finally {
      agent.buildFailure = null;
    }
  });

  it('can be cancelled by whoever may deploy, also while it is built', async () => {
    const cancel = async (deploymentId: string) => (await platform.call(api.cancelDeployment, { params: { deploymentId }, as: developer, headers })).ok.state;
    const waiting = await push();
    await untilAwaiting(waiting);
    expect(await cancel(waiting)).toBe('cancelled');
    agent.holdBuilds = true;
    const building = await push();
    expect((await approve(building)).problem.detail).toContain('still being built');
    expect(await cancel(building)).toBe('cancelled');
    agent.holdBuilds = false;
    expect((await approve(waiting)).problem).toMatchObject({ code: 'conflict', detail: expect.stringContaining('nothing is left to decide') as string });
  });

  it('goes live although Redis forgot everything, before the decision and after', async () => {
    const forget = async () => {
      const redis = connectRedis(testRedisUrl());
      const keys = await redis.keys(`${platform.redisPrefix}*`);
      if (keys.length > 0) await redis.del(keys);
      redis.disconnect();
    };
    const id = await push();
    await untilAwaiting(id);
    await forget();
    await platform.app.get(Sweeper).sweep();
    expect((await view(id)).state).toBe('awaiting_approval');
    await approve(id);
    await forget();
    await platform.app.get(Sweeper).sweep();
    await untilLive(id);
  });
});

describe('who waits, and who decides', () => {
  it('is no sysadmin, nor a token of one that may not administer; and sysadmins wait for nobody', async () => {
    const user = await platform.makeUser('sysadmin');
    const redeploy = async (as: As) => (await platform.call(api.redeploy, { params: there, as, headers })).ok;
    expect((await redeploy(await platform.makeToken(user, ['read', 'deploy']))).state).toBe('awaiting_approval');
    const whole = await redeploy(await platform.makeToken(user, ['read', 'deploy', 'administer']));
    expect(whole.approval).toBeNull();
    await untilLive(whole.id);
  });

  it('is no admin of the app, who can neither approve nor take the protection or the environment away', async () => {
    const admin = await platform.makeUser('member');
    await platform.call(api.setMember, { params: there, body: { email: admin.email, role: 'admin' } });
    const as = await platform.makeSession(admin);
    const { ok } = await platform.call(api.redeploy, { params: there, as, headers });
    expect(ok.state).toBe('awaiting_approval');
    expect((await approve(ok.id, {}, as)).problem.code).toBe('forbidden');
    expect((await decline(ok.id, {}, as)).problem.code).toBe('forbidden');
    expect((await platform.call(api.updateEnvironment, { params: there, body: { protected: false }, as, headers })).problem.code).toBe('forbidden');
    expect((await platform.call(api.deleteApp, { params: there, as, headers })).problem).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('is protected') as string });
    await platform.call(api.createEnvironment, { params: there, body: { name: 'staging' } });
    const staging = { ...there, environment: 'staging' };
    await platform.call(api.updateEnvironment, { params: staging, body: { protected: true } });
    expect((await platform.call(api.removeEnvironment, { params: staging, as, headers })).problem.code).toBe('forbidden');
    await platform.call(api.updateEnvironment, { params: staging, body: { protected: false } });
    expect((await platform.call(api.removeEnvironment, { params: staging, as, headers })).status).toBe(204);
  });

  it('is one of two who decide at once; the other is told who did', async () => {
    const id = await push();
    await untilAwaiting(id);
    const answers = await Promise.all([approve(id, { word: 'One' }), approve(id, { word: 'Two' }), decline(id, { word: 'Three' })]);
    const won = answers.filter(({ status }) => status < 300);
    expect(won).toHaveLength(1);
    for (const { status, problem } of answers.filter((each) => each.status >= 300)) expect([status, problem.detail]).toEqual([409, expect.stringMatching(/^It was (approved|declined) by a sysadmin already\.$/)]);
    const events = (await platform.call(api.listAudit, { query: { target: id } })).ok.items.filter(({ action }) => /approved|declined/.test(action));
    expect(events).toHaveLength(1);
  });

  it('is nobody whose role was taken away, however lately', async () => {
    const user = await platform.makeUser('sysadmin');
    const as = await platform.makeSession(user);
    const id = await push();
    await untilAwaiting(id);
    // Known as a sysadmin to the requests of this process for a while yet.
    expect((await platform.call(api.me, { as })).ok.role).toBe('sysadmin');
    await platform.dataSource.query(`update users set role = 'developer' where id = $1`, [user.id]);
    expect((await approve(id, {}, as)).problem.code).toBe('forbidden');
    expect((await view(id)).state).toBe('awaiting_approval');
  });

  it('approves what was looked at, and not what it has become', async () => {
    const id = await push();
    await untilAwaiting(id);
    const { version } = (await changes(id)).ok;
    await untilLive((await configure({ set: { GREETING: 'ciao' } }, sysadmin)).deployment?.id ?? '');
    expect((await approve(id, { version })).problem).toMatchObject({ code: 'conflict', detail: expect.stringContaining('Look at it again') as string });
    expect((await approve(id, { version: (await changes(id)).ok.version })).status).toBe(202);
    await untilLive(id);
  });

  it('declines with a word, which the others read, and for good', async () => {
    const id = await push();
    await untilAwaiting(id);
    expect((await decline(id, { word: 'Not before the holidays' })).ok).toMatchObject({ state: 'cancelled', approval: { decision: 'declined', word: 'Not before the holidays' }, failure: { code: 'deployment_declined', detail: 'a sysadmin declined it: Not before the holidays' } });
    expect((await approve(id)).problem.detail).toBe('It was declined by a sysadmin already.');
    expect(await live()).toBe(1);
  });
});
