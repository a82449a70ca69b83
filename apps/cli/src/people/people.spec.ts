import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type Member, type Robot, type Team, type User } from '@molo/contracts';
import { describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import type { Answers } from '../testing/stand-in-platform.js';

const bed = new Bed();
const at = '2026-01-02T03:04:05.000Z';
const id = '6f2f4f9a-52a2-4f60-9a2f-0d6b6f2f4f9a';
const ada: User = { id, email: 'ada@example.com', name: 'Ada', role: 'developer', state: 'active', createdAt: at, lastSeenAt: at, secondFactor: false };
const crew: Team = { id, name: 'crew', createdAt: at, users: [{ id, name: 'Ada', email: 'ada@example.com' }] };
const ci: Robot = { id, name: 'ci', app: 'myapp', role: 'member', createdAt: at };
const member: Member = { id, kind: 'user', holderId: id, name: 'Ada', email: 'ada@example.com', role: 'developer', since: at };
const token = { id, name: 'github', rights: ['read' as const], apps: null, createdAt: at, expiresAt: null, lastUsedAt: null };
const session = { id, ip: '10.0.0.1', userAgent: 'Firefox', createdAt: at, lastSeenAt: at, expiresAt: at, current: false };
const link = 'http://molo.localhost/invitation?token=secret';
const page = <Item>(...items: Item[]) => ({ items, nextCursor: null });
const users: Answers = { listUsers: () => page(ada) };

describe('users', () => {
  test('are invited by a link that stands alone on stdout', async () => {
    const { asked } = await bed.serve({ inviteUser: () => ({ user: { ...ada, state: 'invited' as const }, invitation: { link, expiresAt: at } }) });
    const outcome = await bed.home.molo(['users', 'invite', 'ada@example.com', '--role', 'developer', '--expires', '3']);
    expect(outcome).toMatchObject({ code: 0, stdout: `${link}\n` });
    expect(outcome.stderr).toContain('Molo sends no mail');
    expect(asked[0]?.body).toEqual({ email: 'ada@example.com', role: 'developer', expiresInDays: 3 });
  });

  test('who lost their password get a new link', async () => {
    const { asked } = await bed.serve({ ...users, renewInvitation: () => ({ link, expiresAt: at }) });
    expect(await bed.home.molo(['users', 'invite', 'ADA@example.com', '--again'])).toMatchObject({ code: 0, stdout: `${link}\n` });
    expect(asked.at(-1)).toMatchObject({ name: 'renewInvitation', params: { userId: id } });
  });

  test('are listed, and changed by their e-mail address', async () => {
    const { asked } = await bed.serve({ ...users, updateUser: ({ body }) => ({ ...ada, ...(body as object) }) });
    expect((await bed.home.molo(['users'])).stdout).toMatch(/^E-MAIL +ROLE +STATE .*\nada@example\.com +developer +active /);
    expect(await bed.home.molo(['users', 'set-role', 'ada@example.com', 'viewer'])).toMatchObject({ code: 0, stdout: 'ada@example.com is viewer from now on.\n' });
    expect(asked.at(-1)?.body).toEqual({ role: 'viewer' });
    expect((await bed.home.molo(['users', 'set-role', 'ada@example.com', 'admiral'])).code).toBe(2);
    expect(await bed.home.molo(['users', 'set-role', 'bob@example.com', 'viewer'])).toMatchObject({ code: 3, stderr: expect.stringContaining('molo users lists') as string });
  });

  test.each([['disable', 'updateUser'], ['remove', 'removeUser'], ['sign-out', 'endUserSessions'], ['remove-second-factor', 'removeUserSecondFactor']])('%s asks first', async (command, name) => {
    const { asked } = await bed.serve({ ...users, updateUser: () => ada, removeUser: () => undefined, endUserSessions: () => undefined, removeUserSecondFactor: () => undefined });
    expect(await bed.home.molo(['users', command, 'ada@example.com'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    expect(asked.map((each) => each.name)).not.toContain(name);
    expect((await bed.home.molo(['users', command, 'ada@example.com', '--yes'])).code).toBe(0);
    expect(asked.at(-1)?.name).toBe(name);
  });
});

describe('teams and members', () => {
  test('of a team are added and taken by e-mail address', async () => {
    const { asked } = await bed.serve({ ...users, listTeams: () => page(crew), addTeamUser: () => crew, removeTeamUser: () => undefined });
    expect((await bed.home.molo(['teams'])).stdout).toBe('TEAM  USERS\ncrew  ada@example.com\n');
    expect((await bed.home.molo(['teams', 'add-user', 'crew', 'ada@example.com'])).code).toBe(0);
    expect((await bed.home.molo(['teams', 'remove-user', 'crew', 'ada@example.com'])).code).toBe(0);
    expect(asked.slice(-1)[0]?.params).toEqual({ team: 'crew', userId: id });
  });

  test.each([
    [['ada@example.com'], { email: 'ada@example.com' }],
    [['--team', 'crew'], { team: 'crew' }],
    [['--robot', 'ci'], { robot: 'ci' }],
  ])('of an app are users, teams or robots: %j', async (args, body) => {
    const { asked } = await bed.serve({ setMember: () => member });
    expect((await bed.home.molo(['members', 'add', ...args, '--role', 'developer', '--app', 'myapp'])).code).toBe(0);
    expect(asked[0]).toMatchObject({ name: 'setMember', params: { app: 'myapp' }, body: { ...body, role: 'developer' } });
  });

  test('are named one at a time, with a role', async () => {
    await bed.serve({ setMember: () => member });
    expect((await bed.home.molo(['members', 'add', 'ada@example.com', '--team', 'crew', '--role', 'viewer', '--app', 'myapp'])).code).toBe(2);
    expect((await bed.home.molo(['members', 'add', 'ada@example.com', '--app', 'myapp'])).code).toBe(2);
  });

  test('are removed by e-mail address', async () => {
    const { asked } = await bed.serve({ listMembers: () => page(member), removeMember: () => undefined });
    expect((await bed.home.molo(['members', 'remove', 'ada@example.com', '--app', 'myapp', '--yes'])).stdout).toBe('ada@example.com is no member of myapp any more.\n');
    expect(asked.at(-1)?.params).toEqual({ app: 'myapp', memberId: id });
  });
});

describe('robots', () => {
  test('belong to the app that is named, and else to the platform', async () => {
    const { asked } = await bed.serve({ createAppRobot: () => ci, createRobot: () => ({ ...ci, app: null }) });
    expect((await bed.home.molo(['robots', 'create', 'ci', '--app', 'myapp', '--role', 'admin'])).code).toBe(0);
    expect((await bed.home.molo(['robots', 'create', 'ci', '--role', 'viewer'])).code).toBe(0);
    expect(asked.map(({ name, body }) => ({ name, body }))).toEqual([{ name: 'createAppRobot', body: { name: 'ci', role: 'admin' } }, { name: 'createRobot', body: { name: 'ci', role: 'viewer' } }]);
    expect(await bed.home.molo(['robots', 'create', 'ci', '--role', 'admin'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no role admin on the platform') as string });
  });

  test('get tokens that stand alone on stdout', async () => {
    const { asked } = await bed.serve({ listRobots: () => page(ci), createRobotToken: () => ({ ...token, token: 'molo_secret' }), listRobotTokens: () => page(token), revokeRobotToken: () => undefined });
    expect(await bed.home.molo(['robots', 'create-token', 'CI', 'github', '--rights', 'read', '--apps', 'myapp', '--no-expires'])).toMatchObject({ code: 0, stdout: 'molo_secret\n' });
    expect(asked.at(-1)).toMatchObject({ params: { robotId: id }, body: { name: 'github', rights: ['read'], apps: ['myapp'], expiresInDays: null } });
    expect((await bed.home.molo(['robots', 'revoke-token', 'ci', 'github', '--yes'])).stdout).toBe('Revoked github of ci.\n');
  });
});

describe('one\'s own account', () => {
  test('ends one session or all', async () => {
    const { asked } = await bed.serve({ listSessions: () => page(session), endSession: () => undefined, endOtherSessions: () => undefined });
    expect((await bed.home.molo(['sessions'])).stdout).toContain('Firefox');
    expect((await bed.home.molo(['sessions', 'end', '--yes'])).code).toBe(2);
    expect((await bed.home.molo(['sessions', 'end', id, '--yes'])).code).toBe(0);
    expect((await bed.home.molo(['sessions', 'end', '--all', '--yes'])).code).toBe(0);
    expect(asked.map(({ name }) => name)).toEqual(['listSessions', 'endSession', 'endOtherSessions']);
  });

  test('begins with an invitation link, and a token that may do what its user may', async () => {
    const me = { kind: 'user' as const, name: 'Ada', email: 'ada@example.com', role: 'member' as const, rights: ['any' as const], apps: [{ name: 'myapp', rights: ['read' as const, 'deploy' as const] }] };
    const platform = await bed.serveOnNetwork({ acceptInvitation: () => me, me: () => me, createToken: () => ({ ...token, token: 'molo_made' }), signOut: () => undefined });
    const outcome = await bed.home.molo(['accept', `${platform.url}/invitation?token=secret`, '--name', 'Ada', '--password', '-'], { input: 'a good password\n', environment: { MOLO_HOME: '' } });
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('as ada@example.com (member)') as string });
    expect(platform.asked.map(({ name, body }) => ({ name, body }))).toMatchObject([
      { name: 'acceptInvitation', body: { token: 'secret', name: 'Ada', password: 'a good password' } },
      { name: 'createToken', body: { rights: ['read', 'deploy', 'administer'] } },
      { name: 'signOut' },
      { name: 'me' },
    ]);
    expect(JSON.parse(await readFile(join(bed.home.path, '.config/molo/credentials.json'), 'utf8'))).toMatchObject({ login: { url: platform.url, token: 'molo_made' } });
  });

  test('does not begin with a link that is none, or no longer one', async () => {
    const platform = await bed.serveOnNetwork({
      acceptInvitation: () => {
        throw new AppError('credentials_refused', { detail: 'This invitation link is not valid, or no longer.' });
      },
    });
    expect((await bed.home.molo(['accept', 'http://molo.localhost/', '--password', '-'], { input: 'a good password\n' })).code).toBe(2);
    expect(await bed.home.molo(['accept', `${platform.url}/invitation?token=old`, '--password', '-'], { input: 'a good password\n' })).toMatchObject({ code: 4, stderr: expect.stringContaining('no longer') as string });
  });
});
