import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { type As, TestControlPlane } from '../../test-control-plane.js';

let platform: TestControlPlane;
let admin: { session: string };
const headers = { 'x-molo-csrf': '1' };
const all = ['read', 'deploy', 'administer'];
const apps = new Map<string, string>();

beforeAll(async () => {
  platform = await TestControlPlane.start();
  for (const name of ['mine', 'others']) apps.set(name, (await platform.call(api.createApp, { body: { name } })).ok.id);
  const user = await platform.makeUser('member');
  await platform.call(api.setMember, { params: { app: 'mine' }, body: { email: user.email, role: 'admin' } });
  admin = await platform.makeSession(user);
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function makeRobot(name: string, more: object = {}): Promise<string> {
  return (await platform.call(api.createAppRobot, { as: admin, params: { app: 'mine' }, body: { name, ...more }, headers })).ok.id;
}

const makeToken = (robotId: string, body: object = {}, as: As = admin) => platform.call(api.createRobotToken, { as, params: { robotId }, body: { name: 'ci', ...body }, headers });
const seen = async (as: As, app = 'mine') => (await platform.call(api.getApp, { as, params: { app } })).status;

describe('a robot of an app', () => {
  it('acts by its tokens on that app alone, and is shown as a robot', async () => {
    const id = await makeRobot('ci');
    const as = (await makeToken(id)).ok;
    expect([await seen(as), await seen(as, 'others')]).toEqual([200, 404]);
    expect((await platform.call(api.me, { as })).ok).toEqual({ kind: 'robot', name: 'ci of ci', email: null, role: 'member', rights: ['any'], apps: [{ name: 'mine', rights: ['read', 'deploy'] }] });
    await platform.call(api.updateConfig, { as, params: { app: 'mine', environment: 'production' }, body: { set: { BY: 'robot' } } });
    const [event] = (await platform.call(api.listAudit, { query: { app: 'mine' } })).ok.items;
    expect(event).toMatchObject({ action: 'config.changed', actor: { kind: 'robot', name: 'ci of ci' }, actorId: id });
    const members = (await platform.call(api.listMembers, { as: admin, params: { app: 'mine' } })).ok.items;
    expect(members.find(({ name }) => name === 'ci')).toMatchObject({ kind: 'robot', email: null, role: 'developer' });
    expect((await platform.call(api.listUsers)).ok.items.map(({ name }) => name)).not.toContain('ci');
  });

  it('never gets anything else: no other app, no team, no tokens of its own making, no SSH key, no session', async () => {
    const id = await makeRobot('narrow', { role: 'admin' });
    const as = (await makeToken(id, { rights: all })).ok;
    expect((await platform.call(api.setMember, { params: { app: 'others' }, body: { robot: 'narrow', role: 'viewer' } })).status).toBe(404);
    await platform.call(api.createTeam, { body: { name: 'crew' } });
    expect((await platform.call(api.addTeamUser, { params: { team: 'crew', userId: id } })).status).toBe(404);
    expect((await platform.call(api.updateUser, { params: { userId: id }, body: { role: 'sysadmin' } })).status).toBe(404);
    expect((await platform.call(api.renewInvitation, { params: { userId: id }, body: {} })).status).toBe(404);
    expect((await platform.call(api.createToken, { as, body: { name: 'more', rights: ['read'] } })).status).toBe(403);
    expect((await makeToken(id, { rights: ['read'] }, as)).status).toBe(403);
    expect((await makeToken(await makeRobot('another'), { rights: ['read'] }, as)).status).toBe(403);
    execFileSync('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', `${platform.config.home}/robots`]);
    expect((await platform.call(api.addSshKey, { as, body: { name: 'key', publicKey: readFileSync(`${platform.config.home}/robots.pub`, 'utf8') } })).status).toBe(403);
    expect((await platform.call(api.signIn, { as: 'anonymous', body: { email: 'narrow', password: '' } })).status).toBe(401);
  });

  it('loses a token at once when it is revoked, and all when it or its app is removed', async () => {
    const id = await makeRobot('brief');
    const [one, other] = [(await makeToken(id)).ok, (await makeToken(id)).ok];
    expect((await platform.call(api.revokeRobotToken, { as: admin, params: { robotId: id, tokenId: one.id }, headers })).status).toBe(204);
    expect([await seen(one), await seen(other)]).toEqual([401, 200]);
    expect((await platform.call(api.listRobotTokens, { as: admin, params: { robotId: id } })).ok.items.map((token) => token.id)).toEqual([other.id]);
    expect((await platform.call(api.removeRobot, { as: admin, params: { robotId: id }, headers })).status).toBe(204);
    expect(await seen(other)).toBe(401);
    await platform.call(api.createApp, { body: { name: 'doomed' } });
    const doomed = await platform.call(api.createAppRobot, { params: { app: 'doomed' }, body: { name: 'doomed' } });
    const last = (await makeToken(doomed.ok.id, {}, 'owner')).ok;
    await platform.call(api.deleteApp, { params: { app: 'doomed' } });
    expect((await platform.call(api.me, { as: last })).status).toBe(401);
    expect((await platform.call(api.createRobot, { body: { name: 'DOOMED' } })).status).toBe(201);
  });

  it('has a name of its own within the app, and is told of to nobody else who takes it', async () => {
    await makeRobot('one of a kind');
    const again = await platform.call(api.createAppRobot, { as: admin, params: { app: 'mine' }, body: { name: 'One of a Kind' }, headers });
    expect(again.problem.code).toBe('already_exists');
    const elsewhere = await platform.call(api.createAppRobot, { params: { app: 'others' }, body: { name: 'one of a kind' } });
    expect([elsewhere.status, (await platform.call(api.createRobot, { body: { name: 'one of a kind' } })).status]).toEqual([201, 201]);
    // Where an app names a robot, its own comes first.
    const { ok } = await platform.call(api.setMember, { as: admin, params: { app: 'mine' }, body: { robot: 'one of a kind', role: 'viewer' }, headers });
    const { items } = (await platform.call(api.listMembers, { as: admin, params: { app: 'mine' } })).ok;
    expect(items.filter(({ name }) => name === 'one of a kind').map(({ id, role }) => ({ id, role }))).toEqual([{ id: ok.id, role: 'viewer' }]);
  });

  it('gets no token with a right that the token which makes it lacks', async () => {
    const id = await makeRobot('weak', { role: 'admin' });
    const weak = await platform.makeToken(await platform.makeUser('sysadmin'), ['administer']);
    expect((await makeToken(id, { rights: ['deploy'] }, weak)).status).toBe(403);
    expect((await makeToken(id, { rights: ['administer'] }, weak)).status).toBe(201);
  });
});

describe('a robot of the platform', () => {
  it('is made by sysadmins alone, and given roles on apps', async () => {
    expect((await platform.call(api.createRobot, { as: admin, body: { name: 'mine' }, headers })).status).toBe(403);
    const { ok } = await platform.call(api.createRobot, { body: { name: 'roamer' } });
    expect(ok).toMatchObject({ app: null, role: 'member' });
    expect((await makeToken(ok.id)).status).toBe(404);
    const as = (await makeToken(ok.id, {}, 'owner')).ok;
    expect(await seen(as)).toBe(404);
    await platform.call(api.setMember, { as: admin, params: { app: 'mine' }, body: { robot: 'roamer', role: 'viewer' }, headers });
    expect(await seen(as)).toBe(200);
  });
});

describe('a token for some apps alone', () => {
  const create = (body: object, as: As = 'owner') => platform.call(api.createToken, { as, body: { name: 'some', rights: all, ...body } });

  it('opens those, and nothing of the platform, whatever its user may do', async () => {
    const { ok: as } = await create({ apps: ['mine'] });
    expect(as.apps).toEqual(['mine']);
    expect([await seen(as), await seen(as, 'others')]).toEqual([200, 404]);
    expect((await platform.call(api.listApps, { as })).ok.items.map(({ name }) => name)).toEqual(['mine']);
    expect([(await platform.call(api.createApp, { as, body: { name: 'more' } })).status, (await platform.call(api.listNodes, { as })).status, (await platform.send('GET', '/metrics', { as })).status]).toEqual([403, 403, 403]);
  });

  it('makes no token that reaches further, and revokes none', async () => {
    const { ok: as } = await create({ apps: ['mine'] });
    const { ok: wide } = await create({});
    expect((await create({ apps: ['others'] }, as)).status).toBe(404);
    const { ok: made } = await create({ rights: ['read'] }, as);
    expect(made.apps).toEqual(['mine']);
    expect(await seen(made, 'others')).toBe(404);
    expect((await platform.call(api.revokeToken, { as, params: { tokenId: wide.id } })).status).toBe(403);
    expect((await platform.call(api.revokeToken, { as, params: { tokenId: made.id } })).status).toBe(204);
  });

  it('is not for the next app of the same name', async () => {
    await platform.call(api.createApp, { body: { name: 'again' } });
    const { ok: as } = await create({ apps: ['again'] });
    expect(await seen(as, 'again')).toBe(200);
    await platform.call(api.deleteApp, { params: { app: 'again' } });
    await platform.call(api.createApp, { body: { name: 'again' } });
    expect(await seen(as, 'again')).toBe(404);
    expect((await platform.call(api.listTokens)).ok.items.find(({ id }) => id === as.id)?.apps).toEqual([]);
  });

  it('names apps that there are and that one may see', async () => {
    expect((await create({ apps: ['nosuch'] })).status).toBe(404);
    expect((await platform.call(api.createToken, { as: admin, body: { name: 'x', rights: ['read'], apps: ['others'] }, headers })).status).toBe(404);
  });
});
