import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { io } from 'socket.io-client';
import { DeploymentsService } from '../../deployments/deployments.service.js';
import { type As, TestControlPlane } from '../../test-control-plane.js';
import { moloItself } from '../caller.js';
import type { User } from '../user.entity.js';

let platform: TestControlPlane;
let user: User & { email: string };
let as: { token: string };

beforeAll(async () => {
  platform = await TestControlPlane.startWithRegistry();
  for (const name of ['mine', 'others']) await platform.call(api.createApp, { body: { name } });
});

beforeEach(async () => {
  user = await platform.makeUser('member');
  as = await platform.makeToken(user, ['read', 'deploy', 'administer']);
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const params = { app: 'mine' };
const set = (role: string, email = user.email, by: As = 'owner') => platform.call(api.setMember, { as: by, params, body: { email, role } });
const remove = (memberId: string, by: As = 'owner') => platform.call(api.removeMember, { as: by, params: { ...params, memberId } });
const fetchRefs = async (service: string, { token } = as) => {
  const answer = await fetch(`${platform.url}/git/mine.git/info/refs?service=${service}`, { headers: { authorization: `Basic ${btoa(`git:${token}`)}` } });
  await answer.text();
  return answer.status;
};
const seen = async () => (await platform.call(api.getApp, { as, params })).status;

describe('a member of an app', () => {
  it('sees it from the next request on, and does not when the role is taken away', async () => {
    expect(await seen()).toBe(404);
    const { ok } = await set('viewer');
    expect(ok).toMatchObject({ kind: 'user', email: user.email, role: 'viewer' });
    expect(await seen()).toBe(200);
    expect((await platform.call(api.me, { as })).ok.apps).toEqual([{ name: 'mine', rights: ['read'] }]);
    await remove(ok.id);
    expect(await seen()).toBe(404);
    expect((await remove(ok.id)).status).toBe(404);
  });

  it('has one role, the one that was given last', async () => {
    const [first, second] = [await set('admin'), await set('developer', user.email.toUpperCase())];
    expect(second.ok.id).toBe(first.ok.id);
    expect((await platform.call(api.deleteApp, { as, params })).status).toBe(403);
    const { items } = (await platform.call(api.listMembers, { as, params })).ok;
    expect(items.filter(({ email }) => email === user.email).map(({ role }) => role)).toEqual(['developer']);
  });

  it('is added by the admins of the app, and not by its developers', async () => {
    const other = await platform.makeUser('member');
    await set('developer');
    expect((await set('viewer', other.email, as)).status).toBe(403);
    await set('admin');
    expect((await set('viewer', other.email, as)).status).toBe(404);
    await set('viewer', other.email);
    expect((await set('developer', other.email, as)).ok.role).toBe('developer');
    expect((await set('viewer', 'nobody@example.com')).status).toBe(404);
  });

  it('is added by its address where one may see them, and else nobody finds out whether it has an account', async () => {
    const [stranger, colleague, viewer] = [await platform.makeUser('member'), await platform.makeUser('member'), await platform.makeUser('viewer')];
    await set('admin');
    await set('admin', viewer.email);
    const alike = ({ status, text }: { status: number; text: string }, email: string) => ({ status, text: text.replaceAll(email, 'EMAIL') });
    const unknown = alike(await set('viewer', 'nobody@example.com', as), 'nobody@example.com');
    expect(unknown.status).toBe(404);
    for (const { email } of [stranger, await platform.makeUser('sysadmin')]) expect(alike(await set('viewer', email, as), email)).toEqual(unknown);
    // A token of a sysadmin that is limited to the app sees no more than the app either.
    const { id: appId } = (await platform.call(api.getApp, { params })).ok;
    const limited = await platform.makeToken(await platform.makeUser('sysadmin'), ['read', 'administer'], { appIds: [appId] });
    expect(alike(await set('viewer', stranger.email, limited), stranger.email)).toEqual(unknown);
    // One app that both are in is enough, and so is a role that shows all users.
    const shared = { app: 'others' };
    for (const { email } of [user, colleague]) await platform.call(api.setMember, { params: shared, body: { email, role: 'viewer' } });
    expect((await set('viewer', colleague.email, as)).status).toBe(200);
    expect((await set('viewer', stranger.email, await platform.makeToken(viewer, ['read', 'administer']))).status).toBe(200);
  });

  it('is changed by whom it is, not by a name that an own robot of the app may share with another; one that is gone comes back by no change', async () => {
    const { ok: ofPlatform } = await platform.call(api.createRobot, { body: { name: 'namesake' } });
    const { ok: given } = await platform.call(api.setMember, { params, body: { robot: 'namesake', role: 'viewer' } });
    const { ok: own } = await platform.call(api.createAppRobot, { params, body: { name: 'namesake', role: 'developer' } });
    expect(given.holderId).toBe(ofPlatform.id);
    const { ok } = await platform.call(api.changeMember, { params: { ...params, memberId: given.id }, body: { role: 'admin' } });
    expect(ok).toEqual({ ...given, role: 'admin' });
    // A name means the app's own; an id means whom it is of.
    const named = async (robot: string) => (await platform.call(api.setMember, { params, body: { robot, role: 'developer' } })).ok.holderId;
    expect([await named('namesake'), await named(own.id), await named(ofPlatform.id)]).toEqual([own.id, own.id, ofPlatform.id]);
    await platform.call(api.setMember, { params, body: { robot: ofPlatform.id, role: 'admin' } });
    const { items } = (await platform.call(api.listMembers, { params })).ok;
    expect(items.filter(({ name }) => name === 'namesake').map(({ holderId, role }) => [holderId, role])).toEqual([[ofPlatform.id, 'admin'], [own.id, 'developer']]);
    await remove(given.id);
    expect((await platform.call(api.changeMember, { params: { ...params, memberId: given.id }, body: { role: 'admin' } })).status).toBe(404);
    await platform.call(api.createApp, { body: { name: 'elsewhere' } });
    const [stays] = items.filter(({ holderId }) => holderId === own.id);
    expect((await platform.call(api.changeMember, { params: { app: 'elsewhere', memberId: stays!.id }, body: { role: 'admin' } })).status).toBe(404);
  });

  it('is in the audit with the role before and after', async () => {
    const { ok } = await set('viewer');
    await set('viewer');
    await set('admin');
    await remove(ok.id);
    const { items } = (await platform.call(api.listAudit, { query: { app: 'mine', limit: '3' } })).ok;
    const member = user.email;
    expect(items.map(({ action, before, after }) => ({ action, before, after }))).toEqual([
      { action: 'member.removed', before: { member, role: 'admin' }, after: null },
      { action: 'member.set', before: { member, role: 'viewer' }, after: { member, role: 'admin' } },
      { action: 'member.set', before: null, after: { member, role: 'viewer' } },
    ]);
  });

  it('is in the audit of the app when the user, the team or the robot is removed, and there with all that went along', async () => {
    await set('viewer');
    await platform.call(api.createTeam, { body: { name: 'leavers' } });
    await platform.call(api.setMember, { params, body: { team: 'leavers', role: 'admin' } });
    const { ok: robot } = await platform.call(api.createRobot, { body: { name: 'leaver' } });
    await platform.call(api.setMember, { params, body: { robot: 'leaver', role: 'developer' } });
    for (const userId of [user.id, robot.id]) await platform.call(api.addTeamUser, { params: { team: 'leavers', userId } });
    await platform.call(api.removeUser, { params: { userId: user.id } });
    await platform.call(api.removeRobot, { params: { robotId: robot.id } });
    await platform.call(api.removeTeam, { params: { team: 'leavers' } });
    const ofApp = (await platform.call(api.listAudit, { query: { app: 'mine', limit: '3' } })).ok.items;
    expect(ofApp.map(({ action, before }) => ({ action, before }))).toEqual([
      { action: 'member.removed', before: { member: 'team leavers', role: 'admin' } },
      { action: 'member.removed', before: { member: 'robot leaver', role: 'developer' } },
      { action: 'member.removed', before: { member: user.email, role: 'viewer' } },
    ]);
    const all = (await platform.call(api.listAudit, { query: { limit: '6' } })).ok.items;
    const went = (role: string) => ({ teams: ['leavers'], apps: [{ app: 'mine', role }] });
    expect(all.find(({ action }) => action === 'user.removed')).toMatchObject({ target: user.email, before: went('viewer') });
    expect(all.find(({ action }) => action === 'robot.removed')).toMatchObject({ target: 'robot leaver', before: went('developer') });
  });

  it('fetches by git with a token that may read: one to deploy alone pushes, and gets nothing', async () => {
    await set('developer');
    const token = await platform.makeToken(user, ['deploy']);
    expect([await fetchRefs('git-upload-pack', token), await fetchRefs('git-receive-pack', token)]).toEqual([403, 200]);
  });

  it('of an app that was deleted is none of the next app of its name', async () => {
    const old = { app: 'reborn' };
    await platform.call(api.createApp, { body: { name: 'reborn' } });
    await platform.call(api.setMember, { params: old, body: { email: user.email, role: 'admin' } });
    expect((await platform.call(api.getApp, { as, params: old })).status).toBe(200);
    await platform.call(api.deleteApp, { params: old });
    await platform.call(api.createApp, { body: { name: 'reborn' } });
    expect((await platform.call(api.getApp, { as, params: old })).status).toBe(404);
    expect((await platform.call(api.listMembers, { params: old })).ok.items).toEqual([]);
  });

  it('makes tokens by a token for what they may do on the app, and for no more', async () => {
    const create = async (right: string) => (await platform.call(api.createToken, { as, body: { name: 'x', rights: [right] } })).status;
    expect(await create('deploy')).toBe(403);
    await set('developer');
    expect([await create('read'), await create('deploy'), await create('administer')]).toEqual([201, 201, 403]);
  });

  it('need not sign in anew for a new role: a token made in a session is a bound, and no right by itself', async () => {
    const session = await platform.makeSession(user);
    const { ok: laptop } = await platform.call(api.createToken, { as: session, body: { name: 'laptop', rights: ['read', 'deploy', 'administer'] }, headers: { 'x-molo-csrf': '1' } });
    const rights = async () => (await platform.call(api.me, { as: laptop })).ok.apps;
    expect(await rights()).toEqual([]);
    await set('developer');
    expect(await rights()).toEqual([{ name: 'mine', rights: ['read', 'deploy'] }]);
  });
});

describe('a role that is taken away', () => {
  async function deploymentId(): Promise<string> {
    const app = await platform.call(api.getApp, { params });
    const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
    const facts = { commit: { id, subject: 'Change a line', author: 'Ada' }, treeId: id, sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1, versionTag: null, gitRef: '', gitOld: '', gitNew: '' };
    return (await platform.app.get(DeploymentsService).push({ appId: app.ok.id, environmentName: 'production', ...facts, caller: moloItself })).deploymentId;
  }

  it('ends the streams that are open, and says why', async () => {
    const { ok } = await set('viewer');
    const answer = await fetch(`${platform.url}/api/v1/deployments/${await deploymentId()}/events`, { headers: { authorization: `Bearer ${as.token}` } });
    expect(answer.status).toBe(200);
    const text = answer.text();
    await remove(ok.id);
    const said = await text;
    expect(said).toContain('event: problem');
    expect(said).toContain('"code":"not_found"');
    expect(said).not.toContain('event: end');
  });

  it('cuts off the sockets that follow the app, and leaves the others', async () => {
    const { ok } = await set('viewer');
    const [follows, idles] = [0, 1].map(() => io(platform.url, { transports: ['websocket'], reconnection: false, forceNew: true, auth: { token: as.token } }));
    await waitFor(() => follows!.connected && idles!.connected, { what: 'the sockets to connect' });
    expect(await follows!.emitWithAck('subscribe', { topic: 'app', app: 'mine' })).toEqual({ ok: true });
    expect(await idles!.emitWithAck('subscribe', { topic: 'app', app: 'others' })).toMatchObject({ ok: false, problem: { code: 'not_found' } });
    await remove(ok.id);
    await waitFor(() => follows!.disconnected, { what: 'the socket to be cut off' });
    expect(await idles!.emitWithAck('subscribe', { topic: 'app', app: 'mine' })).toMatchObject({ ok: false, problem: { code: 'not_found' } });
    expect(await idles!.emitWithAck('subscribe', { topic: 'deployment', deploymentId: await deploymentId() })).toMatchObject({ ok: false, problem: { code: 'not_found' } });
    idles!.disconnect();
  });

  it('closes the repository to git', async () => {
    const { ok } = await set('viewer');
    expect([await fetchRefs('git-upload-pack'), await fetchRefs('git-receive-pack')]).toEqual([200, 403]);
    await set('developer');
    expect(await fetchRefs('git-receive-pack')).toBe(200);
    await remove(ok.id);
    expect([await fetchRefs('git-upload-pack'), await fetchRefs('git-receive-pack')]).toEqual([404, 404]);
  });
});
