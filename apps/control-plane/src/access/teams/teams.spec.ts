import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { TestControlPlane } from '../../test-control-plane.js';
import type { User } from '../user.entity.js';

let platform: TestControlPlane;
let user: User;
let as: { token: string };

beforeAll(async () => {
  platform = await TestControlPlane.start();
  await platform.call(api.createApp, { body: { name: 'mine' } });
  user = await platform.makeUser('member');
  as = await platform.makeToken(user, ['read', 'deploy', 'administer']);
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const create = (name: string) => platform.call(api.createTeam, { body: { name } });
const give = (team: string, role: string) => platform.call(api.setMember, { params: { app: 'mine' }, body: { team, role } });
const add = (team: string) => platform.call(api.addTeamUser, { params: { team, userId: user.id } });
const take = (team: string) => platform.call(api.removeTeamUser, { params: { team, userId: user.id } });
const rights = async () => (await platform.call(api.me, { as })).ok.apps.find(({ name }) => name === 'mine')?.rights ?? [];

describe('a team', () => {
  it('gives its users its role on an app while they are in it, from the next request on', async () => {
    await create('crew');
    const { ok } = await give('crew', 'developer');
    expect(ok).toMatchObject({ kind: 'team', name: 'crew', email: null, role: 'developer' });
    expect(await rights()).toEqual([]);
    expect((await add('crew')).ok.users).toEqual([{ id: user.id, name: user.name, email: user.email }]);
    expect(await rights()).toEqual(['read', 'deploy']);
    expect((await take('crew')).status).toBe(204);
    expect(await rights()).toEqual([]);
    expect((await take('crew')).status).toBe(404);
  });

  it('adds to what its users may do by themselves and by other teams, and takes nothing from it', async () => {
    await create('lookers');
    await create('owners');
    await give('lookers', 'viewer');
    await give('owners', 'admin');
    const { ok: own } = await platform.call(api.setMember, { params: { app: 'mine' }, body: { email: user.email, role: 'developer' } });
    await add('lookers');
    expect((await rights()).toSorted()).toEqual(['deploy', 'read']);
    await add('owners');
    expect((await rights()).toSorted()).toEqual(['administer', 'deploy', 'read']);
    await take('owners');
    await platform.call(api.removeMember, { params: { app: 'mine', memberId: own.id } });
    expect(await rights()).toEqual(['read']);
    await platform.call(api.removeTeam, { params: { team: 'lookers' } });
    expect(await rights()).toEqual([]);
  });

  it('has a name of its own, which can change', async () => {
    await create('first');
    expect((await create('first')).problem.code).toBe('already_exists');
    await create('second');
    const rename = (name: string) => platform.call(api.updateTeam, { params: { team: 'first' }, body: { name } });
    expect((await rename('second')).problem.code).toBe('already_exists');
    expect((await rename('renamed')).ok.name).toBe('renamed');
    expect((await add('first')).status).toBe(404);
    const { items } = (await platform.call(api.listTeams)).ok;
    expect(items.map(({ name }) => name)).toEqual(items.map(({ name }) => name).toSorted());
  });

  it('loses users who are removed, and is in the audit with what went with it', async () => {
    const other = await platform.makeUser('member');
    await create('brief');
    await give('brief', 'viewer');
    await platform.call(api.addTeamUser, { params: { team: 'brief', userId: other.id } });
    await add('brief');
    await platform.call(api.removeUser, { params: { userId: other.id } });
    await platform.call(api.removeTeam, { params: { team: 'brief' } });
    const { items } = (await platform.call(api.listAudit, { query: { limit: '200' } })).ok;
    expect(items[0]).toMatchObject({ action: 'team.removed', target: 'team brief', before: { users: [user.email], apps: [{ app: 'mine', role: 'viewer' }] } });
    for (const action of ['team.created', 'team.renamed', 'team.user-added', 'team.user-removed']) expect(items.map((event) => event.action)).toContain(action);
  });

  it('has robots of the platform too, and its audit names them as robots', async () => {
    const { ok: robot } = await platform.call(api.createRobot, { body: { name: 'ci' } });
    await create('with-robots');
    await platform.call(api.addTeamUser, { params: { team: 'with-robots', userId: robot.id } });
    const [event] = (await platform.call(api.listAudit)).ok.items;
    expect(event).toMatchObject({ action: 'team.user-added', after: { user: 'robot ci' } });
  });

  it('is given to an app by name or not at all', async () => {
    expect((await give('nosuch', 'viewer')).status).toBe(404);
    for (const body of [{ role: 'viewer' }, { role: 'viewer', team: 'crew', email: user.email }]) {
      const { status, problem } = await platform.call(api.setMember, { params: { app: 'mine' }, body });
      expect([status, problem.errors?.[0]?.path]).toEqual([422, 'email']);
    }
  });
});
