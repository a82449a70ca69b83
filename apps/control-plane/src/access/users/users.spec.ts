import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, type TokenRight } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { type As, TestControlPlane } from '../../test-control-plane.js';
import { Authenticator } from '../authenticator.js';
import { moloItself } from '../caller.js';
import { fingerprintOf } from '../ssh-public-key.js';
import { InvitationsService } from './invitations.service.js';
import { changesOfUsers } from './users.service.js';

let platform: TestControlPlane;
let count = 0;
const password = 'correct horse battery';
const csrf = { 'x-molo-csrf': '1' };
const all: TokenRight[] = ['read', 'deploy', 'administer'];

beforeAll(async () => {
  platform = await TestControlPlane.start();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function invite(more: object = {}) {
  const email = `invited${++count}@example.com`;
  const { ok } = await platform.call(api.inviteUser, { body: { email, role: 'developer', ...more } });
  return { email, id: ok.user.id, token: tokenOf(ok.invitation.link), user: ok.user };
}

function newPublicKey(name: string): string {
  execFileSync('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', `${platform.config.home}/${name}`]);
  return readFileSync(`${platform.config.home}/${name}.pub`, 'utf8');
}

const blobOf = (publicKey: string) => Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
const comeBySshKey = (publicKey: string) => platform.app.get(Authenticator).bySshKey(blobOf(publicKey));

function tokenOf(link: string): string {
  expect(link).toMatch(/^http:\/\/molo\.localhost:8080\/invitation\?token=[\w-]{43}$/);
  return new URL(link).searchParams.get('token') ?? '';
}

/** For a lock in the database. */
const somebodyWaits = () => waitFor(async () => (await platform.dataSource.query<unknown[]>(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0, { what: 'somebody to wait for a lock' });
const accept = (token: string, more: object = {}) => platform.call(api.acceptInvitation, { as: 'anonymous', body: { token, name: 'Grace', password, ...more } });
const signIn = (email: string, given = password) => platform.call(api.signIn, { as: 'anonymous', body: { email, password: given }, headers: { 'x-forwarded-for': `10.1.0.${++count % 250}` } });
const update = (id: string, body: object, as: As = 'owner') => platform.call(api.updateUser, { as, params: { userId: id }, body });
const me = async (as: As) => (await platform.call(api.me, { as })).status;
const sessionOf = (headers: Headers) => ({ session: /molo_session=([\w-]+)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? '' });

describe('an invitation', () => {
  it('makes a user who cannot sign in until they have chosen a password by the link', async () => {
    const { email, token, user } = await invite();
    expect(user).toMatchObject({ email, name: email, role: 'developer', state: 'invited', lastSeenAt: null });
    expect((await signIn(email, '')).status).toBe(401);
    const { ok, headers } = await accept(token);
    expect(ok).toMatchObject({ kind: 'user', email, name: 'Grace', role: 'developer' });
    expect(await me(sessionOf(headers))).toBe(200);
    expect((await signIn(email)).status).toBe(201);
    const { items } = (await platform.call(api.listUsers)).ok;
    expect(items.find((each) => each.email === email)?.state).toBe('active');
  });

  it('is followed by one of any number at once', async () => {
    const { token } = await invite();
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(token)));
    expect([201, 401].map((wanted) => answers.filter(({ status }) => status === wanted).length)).toEqual([1, 9]);
  });

  it('says the same of links that were used, replaced, too old, of somebody disabled, or never were', async () => {
    const [used, replaced, old, disabled] = [await invite(), await invite(), await invite(), await invite()];
    await accept(used.token);
    await platform.call(api.renewInvitation, { params: { userId: replaced.id }, body: {} });
    await platform.dataSource.query(`update invitations set expires_at = now() - interval '1 second' where user_id = $1`, [old.id]);
    await update(disabled.id, { disabled: true });
    const answers = await Promise.all([used, replaced, old, disabled, { token: 'never' }].map(({ token }) => accept(token)));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('made anew for somebody who lost their password ends their sessions once it is followed', async () => {
    const { id, email, token } = await invite();
    const before = sessionOf((await accept(token)).headers);
    const { ok } = await platform.call(api.renewInvitation, { params: { userId: id }, body: { expiresInDays: 1 } });
    expect(await me(before)).toBe(200);
    expect((await accept(tokenOf(ok.link), { name: undefined, password: 'another good one' })).ok.name).toBe('Grace');
    expect([await me(before), (await signIn(email)).status, (await signIn(email, 'another good one')).status]).toEqual([401, 401, 201]);
  });

  it('ends with what its maker may: when they are removed, disabled or no sysadmin any more', async () => {
    const makeAnew = async (as: As) => {
      const { id } = await invite();
      return tokenOf((await platform.call(api.renewInvitation, { as, params: { userId: id }, body: {} })).ok.link);
    };
    const ends = [
      (id: string) => platform.call(api.removeUser, { params: { userId: id } }),
      (id: string) => update(id, { disabled: true }),
      (id: string) => update(id, { role: 'developer' }),
    ];
    // The last one stays.
    await platform.makeUser('sysadmin');
    for (const end of ends) {
      const maker = await platform.makeUser('sysadmin');
      const as = await platform.makeToken(maker, all);
      const [followed, pending] = [await makeAnew(as), await makeAnew(as)];
      expect((await accept(followed)).status).toBe(201);
      await end(maker.id);
      expect((await accept(pending)).status).toBe(401);
    }
  });

  it('leads nowhere when its user is disabled and enabled again, or has changed the password', async () => {
    const renew = async (id: string) => tokenOf((await platform.call(api.renewInvitation, { params: { userId: id }, body: {} })).ok.link);
    const [disabled, user] = [await invite(), await platform.makeUser('developer', password)];
    await update(disabled.id, { disabled: true });
    await update(disabled.id, { disabled: false });
    expect((await accept(disabled.token)).status).toBe(401);
    const token = await renew(user.id);
    const body = { current: password, password: 'another good one' };
    expect((await platform.call(api.changePassword, { as: await platform.makeSession(user), body, headers: csrf })).status).toBe(200);
    expect((await accept(token)).status).toBe(401);
  });

  it('is not made by a sysadmin who is none any more when it is their turn', async () => {
    const [maker, { id }] = [await platform.makeUser('sysadmin'), await invite()];
    const as = await platform.makeToken(maker, all);
    const renewed = await platform.dataSource.transaction(async (manager) => {
      await manager.query('select pg_advisory_xact_lock($1)', [changesOfUsers]);
      await manager.query(`update users set role = 'developer' where id = $1`, [maker.id]);
      const answer = platform.call(api.renewInvitation, { as, params: { userId: id }, body: {} });
      await somebodyWaits();
      // Not to be waited for in here: it goes on when this has been committed.
      return { answer };
    });
    expect((await renewed.answer).problem.code).toBe('forbidden');
  });

  it('that is replaced while somebody follows it says so to them', async () => {
    const { id, token } = await invite();
    const { renewed, answer } = await platform.dataSource.transaction(async (manager) => {
      // As whoever makes a new one: first the user, then the link.
      await manager.query('select 1 from users where id = $1 for update', [id]);
      const following = accept(token);
      await somebodyWaits();
      return { renewed: await platform.app.get(InvitationsService).make(manager, id, 7, moloItself), answer: { following } };
    });
    expect((await answer.following).status).toBe(401);
    expect((await accept(tokenOf(renewed.link))).status).toBe(201);
  });

  it('is for one user of an e-mail address, whatever its case', async () => {
    const { email } = await invite();
    expect((await platform.call(api.inviteUser, { body: { email: email.toUpperCase() } })).problem.code).toBe('already_exists');
  });
});

describe('a user', () => {
  it('who is disabled is refused at once, however they come, and as if they did not exist', async () => {
    const { id, email, token } = await invite();
    const session = sessionOf((await accept(token)).headers);
    const bearer = await platform.makeToken({ id }, ['read', 'deploy']);
    const publicKey = newPublicKey('theirs');
    expect((await platform.call(api.addSshKey, { as: session, body: { name: 'laptop', publicKey }, headers: csrf })).status).toBe(201);
    const bySshKey = () => comeBySshKey(publicKey);
    expect([await me(session), await me(bearer), (await bySshKey())?.email]).toEqual([200, 200, email]);
    expect((await update(id, { disabled: true })).ok.state).toBe('disabled');
    expect([await me(session), await me(bearer), await bySshKey()]).toEqual([401, 401, null]);
    expect((await signIn(email)).text).toBe((await signIn('nobody@example.com')).text);
    expect((await update(id, { disabled: false })).ok.state).toBe('active');
    expect([await me(session), await me(bearer), (await signIn(email)).status]).toEqual([401, 200, 201]);
  });

  it('whose role is taken away may do no more from the next request on', async () => {
    const user = await platform.makeUser('developer');
    const as = await platform.makeToken(user, ['read', 'deploy']);
    expect((await platform.call(api.createApp, { as, body: { name: 'theirs' } })).status).toBe(201);
    await update(user.id, { role: 'member' });
    expect((await platform.call(api.createApp, { as, body: { name: 'theirs-too' } })).status).toBe(403);
    expect((await platform.call(api.getApp, { as, params: { app: 'theirs' } })).status).toBe(404);
  });

  it('who is removed is gone with all that they signed in with', async () => {
    const user = await platform.makeUser('developer');
    const [token, session] = [await platform.makeToken(user, ['read']), await platform.makeSession(user)];
    expect((await platform.call(api.removeUser, { params: { userId: user.id } })).status).toBe(204);
    expect([await me(token), await me(session)]).toEqual([401, 401]);
    expect((await platform.call(api.removeUser, { params: { userId: user.id } })).status).toBe(404);
  });

  it('was last seen when they came, by session, token or SSH key, though what they came with is gone', async () => {
    const user = await platform.makeUser('developer');
    const lastSeen = async () => (await update(user.id, {})).ok.lastSeenAt;
    const longAgo = new Date('2020-01-01');
    const comes = async (by: string, come: () => Promise<unknown>) => {
      await platform.dataSource.query('update users set last_seen_at = $2 where id = $1', [user.id, longAgo]);
      await come();
      await waitFor(async () => Date.parse((await lastSeen()) ?? '') > longAgo.getTime(), { what: `the ${by} to be seen` });
    };
    expect(await lastSeen()).toBeNull();
    await comes('token', async () => await platform.call(api.me, { as: await platform.makeToken(user, all) }));
    await comes('SSH key', async () => {
      const publicKey = newPublicKey('seen');
      await platform.dataSource.query(`insert into ssh_keys (id, user_id, name, type, public_key, fingerprint) values (gen_random_uuid(), $1, 'laptop', 'ssh-ed25519', $2, $3)`, [user.id, publicKey, fingerprintOf(blobOf(publicKey))]);
      expect((await comeBySshKey(publicKey))?.email).toBe(user.email);
    });
    await comes('session', async () => await platform.call(api.me, { as: await platform.makeSession(user) }));
    const at = await lastSeen();
    expect((await platform.call(api.listUsers, { query: { limit: '200' } })).ok.items.find(({ id }) => id === user.id)?.lastSeenAt).toBe(at);
    await platform.dataSource.query('delete from sessions where user_id = $1', [user.id]);
    expect(await lastSeen()).toBe(at);
  });

  it('is changed with the name and role before and after in the audit, and no password', async () => {
    const { id, email, token } = await invite();
    await accept(token);
    await update(id, { role: 'viewer' });
    await update(id, { role: 'viewer' });
    const { ok, text } = await platform.call(api.listAudit, { query: { limit: '200' } });
    const [changed, ...more] = ok.items.filter(({ action, target }) => action === 'user.changed' && target === email);
    expect([changed?.before, changed?.after, more]).toEqual([{ role: 'developer' }, { role: 'viewer' }, []]);
    for (const action of ['user.invited', 'invitation.accepted', 'invitation.renewed', 'password.reset', 'user.removed']) expect(ok.items.map((each) => each.action)).toContain(action);
    expect(text).not.toContain(password);
    expect(text).not.toContain(token);
    expect(platform.logLines.join('')).not.toContain(token);
  });
});

describe('a token of a sysadmin', () => {
  it('that has not all rights makes nobody who has more: it invites nobody, gives no role, and makes no new link', async () => {
    const sysadmin = await platform.makeUser('sysadmin');
    const { id } = await invite();
    const as = await platform.makeToken(sysadmin, ['administer']);
    expect((await platform.call(api.inviteUser, { as, body: { email: `invited${++count}@example.com`, role: 'sysadmin' } })).problem.code).toBe('forbidden');
    expect((await platform.call(api.renewInvitation, { as, params: { userId: id }, body: {} })).problem.code).toBe('forbidden');
    expect((await update(id, { role: 'sysadmin' }, as)).problem.code).toBe('forbidden');
    expect((await update(id, { name: 'Grace' }, as)).status).toBe(200);
    const whole = await platform.makeToken(sysadmin, all);
    expect((await platform.call(api.renewInvitation, { as: whole, params: { userId: id }, body: {} })).status).toBe(201);
    expect((await update(id, { role: 'viewer' }, whole)).ok.role).toBe('viewer');
  });

  it('makes no new link for its own user: that takes somebody who is signed in', async () => {
    const sysadmin = await platform.makeUser('sysadmin');
    const renew = (as: As) => platform.call(api.renewInvitation, { as, params: { userId: sysadmin.id }, body: {}, headers: csrf });
    expect((await renew(await platform.makeToken(sysadmin, all))).problem.code).toBe('forbidden');
    expect((await renew(await platform.makeSession(sysadmin))).status).toBe(201);
  });
});

describe('the last sysadmin', () => {
  it('stays, also when two take the role from each other at once', async () => {
    await platform.dataSource.query(`update users set role = 'viewer' where role = 'sysadmin'`);
    for (let round = 0; round < 5; round++) {
      const [one, other] = [await platform.makeUser('sysadmin'), await platform.makeUser('sysadmin')];
      const [byOne, byOther] = [await platform.makeToken(one, all), await platform.makeToken(other, all)];
      const answers = await Promise.all([update(other.id, { role: 'viewer' }, byOne), update(one.id, { disabled: true }, byOther)]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const left = answers[0]?.status === 200 ? one : other;
      expect((await platform.call(api.removeUser, { params: { userId: left.id } })).problem.code).toBe('conflict');
      expect((await update(left.id, { role: 'developer' })).problem.code).toBe('conflict');
      const next = await platform.makeUser('sysadmin');
      expect((await platform.call(api.removeUser, { params: { userId: left.id } })).status).toBe(204);
      await platform.dataSource.query(`delete from users where id = $1`, [next.id]);
    }
  });
});

describe('the password of one\'s own account', () => {
  it('is changed by whoever knows it, and ends all other sessions', async () => {
    const user = await platform.makeUser('developer', password);
    const [as, other] = [await platform.makeSession(user), await platform.makeSession(user)];
    const change = (current: string) => platform.call(api.changePassword, { as, body: { current, password: 'another good one' }, headers: csrf });
    const wrong = await change('wrong');
    expect([wrong.status, wrong.problem.errors?.[0]?.path]).toEqual([422, 'current']);
    expect(await me(other)).toBe(200);
    expect((await change(password)).ok).toEqual({ sessions: 1, tokens: [], sshKeys: [] });
    expect([await me(as), await me(other)]).toEqual([200, 401]);
    expect([(await signIn(user.email)).status, (await signIn(user.email, 'another good one')).status]).toEqual([401, 201]);
  });

  it('is not guessed at from a browser that somebody left open', async () => {
    const as = await platform.makeSession(await platform.makeUser('developer', password));
    const guess = async () => (await platform.call(api.changePassword, { as, body: { current: 'wrong', password: 'another good one' }, headers: csrf })).status;
    const statuses = [];
    for (let attempt = 0; attempt < 11; attempt++) statuses.push(await guess());
    expect(statuses.at(-1)).toBe(429);
  });

  it('is not changed by a token, nor is the name', async () => {
    const as = await platform.makeToken(await platform.makeUser('sysadmin', password), ['read', 'deploy', 'administer']);
    expect((await platform.call(api.changePassword, { as, body: { current: password, password: 'another good one' } })).status).toBe(403);
    expect((await platform.call(api.updateMe, { as, body: { name: 'Eve' } })).status).toBe(403);
  });
});
