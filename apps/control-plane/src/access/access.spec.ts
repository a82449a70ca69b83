import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { TestControlPlane } from '../test-control-plane.js';
import { Authenticator } from './authenticator.js';

let platform: TestControlPlane;
const password = 'correct horse battery';

beforeAll(async () => {
  platform = await TestControlPlane.start();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function claimToken(): Promise<string> {
  const link = (await readFile(platform.config.path('control-plane/claim-link'), 'utf8')).trim();
  expect(link).toMatch(/^http:\/\/molo\.localhost:8080\/claim\?token=[\w-]{43}$/);
  return new URL(link).searchParams.get('token') ?? '';
}

function claim(token: string, email: string) {
  return platform.call(api.claim, { as: 'anonymous', body: { token, email, name: 'Ada', password } });
}

function signIn(email: string, given: string, headers: Record<string, string> = {}) {
  return platform.call(api.signIn, { as: 'anonymous', body: { email, password: given }, headers });
}

function sessionOf(headers: Headers): { session: string } {
  const cookie = headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^molo_session=[\w-]{43}; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/);
  return { session: /molo_session=([\w-]+)/.exec(cookie)?.[1] ?? '' };
}

describe('the claim', () => {
  it('is readable by the owner of the machine alone', async () => {
    const { mode } = await stat(platform.config.path('control-plane/claim-link'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('is refused with another link', async () => {
    expect((await claim('rubbish', 'eve@example.com')).status).toBe(401);
  });

  it('makes one sysadmin when many follow the link at once, and never another', async () => {
    const token = await claimToken();
    expect((await platform.call(api.status)).ok.claimed).toBe(false);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => claim(token, `ada${index}@example.com`)));
    const winners = answers.filter(({ status }) => status === 201);
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    const as = sessionOf(winners[0]?.headers ?? new Headers());
    expect((await platform.call(api.me, { as })).ok).toMatchObject({ kind: 'user', role: 'sysadmin', name: 'Ada' });
    expect(await platform.dataSource.query('select count(*)::int from users')).toEqual([{ count: 1 }]);
    expect((await claim(token, 'late@example.com')).status).toBe(409);
    await expect(stat(platform.config.path('control-plane/claim-link'))).rejects.toThrow('ENOENT');
    expect((await platform.call(api.status)).ok.claimed).toBe(true);
  });
});

describe('a session', () => {
  it('begins with the right password, whatever the case of the email, and ends by signing out', async () => {
    const user = await platform.makeUser('developer', password);
    const { status, headers } = await signIn(user.email.toUpperCase(), password);
    expect(status).toBe(201);
    const as = sessionOf(headers);
    expect((await platform.call(api.me, { as })).ok.email).toBe(user.email);
    expect((await platform.call(api.signOut, { as, headers: { 'x-molo-csrf': '1' } })).status).toBe(204);
    expect((await platform.call(api.me, { as })).status).toBe(401);
  });

  it('answers the same for a wrong password and for a user who does not exist', async () => {
    const user = await platform.makeUser('developer', password);
    const wrong = await signIn(user.email, 'wrong');
    const unknown = await signIn('nobody@example.com', 'wrong');
    expect(wrong.status).toBe(401);
    expect(unknown.text).toBe(wrong.text);
  });

  it.each([
    ['one address', () => '10.0.0.1'],
    ['the many addresses that one IPv6 client has', (attempt: number) => `2001:db8:1:2::${(attempt + 1).toString(16)}`],
  ])('lets nobody guess on and on from %s, says when to try again, and tells nothing of who has an account', async (_, addressOf) => {
    const user = await platform.makeUser('developer', password);
    for (const email of [user.email, 'nobody-guessed@example.com']) {
      const answers = [];
      for (let attempt = 0; attempt < 12; attempt++) answers.push(await signIn(email, 'wrong', { 'x-forwarded-for': addressOf(attempt) }));
      expect(answers.map(({ status }) => status), email).toEqual([...Array<number>(10).fill(401), 429, 429]);
      expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(200);
    }
    expect((await signIn(user.email, password, { 'x-forwarded-for': addressOf(50) })).status).toBe(429);
  });

  it('begins for the owner of an account while somebody elsewhere guesses at it', async () => {
    const user = await platform.makeUser('developer', password);
    for (let attempt = 0; attempt < 12; attempt++) await signIn(user.email, 'wrong', { 'x-forwarded-for': '10.0.2.1' });
    expect((await signIn(user.email, password, { 'x-forwarded-for': '10.0.2.1' })).status).toBe(429);
    expect((await signIn(user.email, password, { 'x-forwarded-for': '10.0.2.2' })).status).toBe(201);
  });

  it('of an account of one\'s own does not let one guess on at others', async () => {
    const own = await platform.makeUser('viewer', password);
    const from = { 'x-forwarded-for': '10.0.3.1' };
    for (let attempt = 0; attempt < 30; attempt++) {
      if (attempt % 10 === 0) expect((await signIn(own.email, password, from)).status).toBe(201);
      await signIn(`victim${attempt}@example.com`, 'wrong', from);
    }
    expect((await signIn(own.email, password, from)).status).toBe(429);
  });

  it('counts guesses at many accounts by the address that they come from', async () => {
    const from = { 'x-forwarded-for': '10.9.9.9' };
    for (let attempt = 0; attempt < 30; attempt++) await signIn(`user${attempt}@example.com`, 'wrong', from);
    expect((await signIn('user-last@example.com', 'wrong', from)).status).toBe(429);
  });

  it('lasts thirty days from its last use', async () => {
    const user = await platform.makeUser('viewer');
    const [young, old, over] = [await platform.makeSession(user), await platform.makeSession(user), await platform.makeSession(user)];
    const age = (session: { session: string }, left: string) =>
      platform.dataSource.query(`update sessions set expires_at = now() + interval '${left}' where token_hash = encode(sha256($1::bytea), 'hex')`, [session.session]);
    await age(old, '10 days');
    await age(over, '-1 second');
    expect((await platform.call(api.me, { as: young })).headers.get('set-cookie')).toBeNull();
    expect((await platform.call(api.me, { as: old })).headers.get('set-cookie')).toContain(old.session);
    expect((await platform.call(api.me, { as: over })).status).toBe(401);
    const [row] = await platform.dataSource.query<{ days: number }[]>(
      `select extract(day from expires_at - now())::int as days from sessions where token_hash = encode(sha256($1::bytea), 'hex')`, [old.session]);
    expect(row?.days).toBe(29);
  });

  it('is found among cookies of the same name that an app set, and is nobody where an app set one that is valid', async () => {
    const [own, apps] = [await platform.makeSession(await platform.makeUser('developer')), await platform.makeSession(await platform.makeUser('viewer'))];
    const me = async (...secrets: string[]) => (await platform.call(api.me, { as: 'anonymous', headers: { cookie: secrets.map((secret) => `molo_session=${secret}`).join('; ') } })).status;
    expect(await me('rubbish', own.session)).toBe(200);
    expect(await me(own.session, 'rubbish', own.session)).toBe(200);
    expect(await me(apps.session, own.session)).toBe(401);
    expect(await me(...Array.from({ length: 8 }, (_, index) => `rubbish-${index}`), own.session)).toBe(401);
  });

  it('changes nothing for a page of another site', async () => {
    const as = await platform.makeSession(await platform.makeUser('developer'));
    const create = (headers: Record<string, string>) => platform.call(api.createApp, { as, body: { name: 'from-a-page' }, headers });
    const own = new URL(platform.url).host;
    expect((await create({})).status).toBe(403);
    expect((await create({ origin: `http://${own}` })).status).toBe(403);
    expect((await create({ 'x-molo-csrf': '1', origin: 'http://evil.example' })).status).toBe(403);
    expect((await create({ 'x-molo-csrf': '1', origin: 'null' })).status).toBe(403);
    expect((await create({ 'x-molo-csrf': '1', origin: `http://${own}` })).status).toBe(201);
    const foreignSignIn = await signIn('a@example.com', 'x', { origin: 'http://evil.example' });
    expect(foreignSignIn.status).toBe(403);
  });
});

describe('an API token', () => {
  it('is shown once, kept as a hash, and is a password too', async () => {
    const { ok } = await platform.call(api.createToken, { body: { name: 'bot', rights: ['read'], expiresInDays: 1 } });
    expect(ok.token).toMatch(/^molo_[\w-]{43}$/);
    expect(await platform.dataSource.query('select token_hash from api_tokens where id = $1', [ok.id])).not.toEqual([{ token_hash: ok.token }]);
    const basic = `Basic ${Buffer.from(`git:${ok.token}`).toString('base64')}`;
    const answer = await platform.call(api.me, { as: 'anonymous', headers: { authorization: basic } });
    expect(answer.ok).toMatchObject({ kind: 'owner', name: 'bot of owner', rights: ['any', 'read'] });
    const [row] = await platform.dataSource.query<{ last_used_at: Date | null }[]>('select last_used_at from api_tokens where id = $1', [ok.id]);
    expect(row?.last_used_at).not.toBeNull();
  });

  it('ends at once when it is revoked', async () => {
    const { ok } = await platform.call(api.createToken, { body: { name: 'short' } });
    expect((await platform.call(api.me, { as: ok })).status).toBe(200);
    expect((await platform.call(api.revokeToken, { params: { tokenId: ok.id } })).status).toBe(204);
    expect((await platform.call(api.me, { as: ok })).status).toBe(401);
    expect((await platform.call(api.revokeToken, { params: { tokenId: ok.id } })).status).toBe(404);
  });

  it('cannot give more than its maker has', async () => {
    const viewer = await platform.makeToken(await platform.makeUser('viewer'), ['read']);
    expect((await platform.call(api.createToken, { as: viewer, body: { name: 'x', rights: ['deploy'] } })).status).toBe(403);
    expect((await platform.call(api.createToken, { as: viewer, body: { name: 'x', rights: ['read'] } })).status).toBe(201);
    expect((await platform.call(api.createToken, { as: viewer, body: { name: 'x', rights: ['any'] } })).status).toBe(422);
  });

  it('ends no later than the token that made it, be it a robot\'s', async () => {
    const expiresAt = new Date(Date.now() + 10 * 24 * 60 * 60 * 1000);
    const as = await platform.makeToken(await platform.makeUser('sysadmin'), ['read', 'deploy', 'administer'], { expiresAt });
    const { ok: robot } = await platform.call(api.createRobot, { as, body: { name: 'outliver' } });
    const endsOf = async (expiresInDays: number | null) => {
      const body = { name: 'x', rights: ['read'], expiresInDays };
      const [own, robots] = [await platform.call(api.createToken, { as, body }), await platform.call(api.createRobotToken, { as, params: { robotId: robot.id }, body })];
      return [own.ok.expiresAt, robots.ok.expiresAt];
    };
    const end = expiresAt.toISOString();
    expect([await endsOf(null), await endsOf(365)]).toEqual([[end, end], [end, end]]);
    for (const earlier of await endsOf(9)) expect(Date.parse(earlier ?? '')).toBeLessThan(expiresAt.getTime());
    expect((await platform.call(api.createToken, { body: { name: 'for ever', expiresInDays: null } })).ok.expiresAt).toBeNull();
  });

  it('loses what its user may no longer do', async () => {
    const user = await platform.makeUser('sysadmin');
    const as = await platform.makeToken(user, ['read', 'administer']);
    await platform.dataSource.query(`update users set role = 'viewer' where id = $1`, [user.id]);
    expect((await platform.call(api.listAudit, { as })).status).toBe(403);
    expect((await platform.call(api.listApps, { as })).status).toBe(200);
  });

  it('is seen and revoked by its user alone', async () => {
    const [one, other] = [await platform.makeUser('developer'), await platform.makeUser('developer')];
    const as = await platform.makeToken(one, ['read', 'deploy']);
    const others = await platform.makeToken(other, ['read']);
    expect((await platform.call(api.listTokens, { as })).ok.items.map(({ id }) => id)).toEqual([as.id]);
    expect((await platform.call(api.revokeToken, { as, params: { tokenId: others.id } })).status).toBe(404);
  });

  it('is listed in pages, each once', async () => {
    const user = await platform.makeUser('developer');
    const as = await platform.makeToken(user, ['read']);
    for (let count = 0; count < 6; count++) await platform.makeToken(user, ['read']);
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { ok }: { ok: { items: { id: string }[]; nextCursor: string | null } } = await platform.call(api.listTokens, { as, query: { limit: '3', ...(cursor && { cursor }) } });
      ids.push(...ok.items.map(({ id }) => id));
      cursor = ok.nextCursor;
    }
    expect(new Set(ids).size).toBe(7);
    expect(ids).toHaveLength(7);
  });
});

describe('an SSH key', () => {
  const dir = () => platform.config.home;
  function generate(name: string, ...options: string[]): Promise<string> {
    execFileSync('ssh-keygen', ['-q', '-N', '', '-C', `${name}@laptop`, '-f', `${dir()}/${name}`, ...options]);
    return readFile(`${dir()}/${name}.pub`, 'utf8');
  }
  const add = (publicKey: string, as?: { token: string }) => platform.call(api.addSshKey, { body: { name: 'laptop', publicKey }, ...(as && { as }) });

  it.each([['ed25519', ['-t', 'ed25519']], ['rsa', ['-t', 'rsa', '-b', '2048']], ['ecdsa', ['-t', 'ecdsa', '-b', '521']]])('of type %s signs its user in, until it is removed', async (name, options) => {
    const publicKey = await generate(name, ...options);
    const { ok } = await add(publicKey);
    const shown = execFileSync('ssh-keygen', ['-lf', `${dir()}/${name}.pub`]).toString();
    expect(shown).toContain(ok.fingerprint);
    const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
    const authenticator = platform.app.get(Authenticator);
    expect(await authenticator.bySshKey(blob)).toMatchObject({ kind: 'owner', role: 'sysadmin' });
    expect((await platform.call(api.removeSshKey, { params: { keyId: ok.id } })).status).toBe(204);
    expect(await authenticator.bySshKey(blob)).toBeNull();
  });

  it('belongs to one user', async () => {
    const publicKey = await generate('shared', '-t', 'ed25519');
    expect((await add(publicKey)).status).toBe(201);
    expect((await add(publicKey)).status).toBe(409);
    const as = await platform.makeToken(await platform.makeUser('developer'), ['read', 'deploy', 'administer']);
    expect((await add(publicKey, as)).status).toBe(409);
  });

  it('is refused when it is weak, damaged, private or no key at all', async () => {
    await generate('private', '-t', 'ed25519');
    const good = await generate('good', '-t', 'ed25519');
    const bad = [
      await generate('weak', '-t', 'rsa', '-b', '1024'),
      await readFile(`${dir()}/private`, 'utf8'),
      good.replace('ssh-ed25519', 'ssh-rsa'),
      good.replace(/ AAAA\S{10}/, ' AAAA'),
      `${good}\n${good}`,
      `command="sh" ${good}`,
      'ssh-ed25519 AAAA',
      'hello',
      '',
    ];
    for (const publicKey of bad) {
      const { status, problem } = await add(publicKey);
      expect([status, problem.errors?.[0]?.path], publicKey.slice(0, 60)).toEqual([422, 'publicKey']);
    }
  });

  it('is no way for a token to get more rights', async () => {
    const user = await platform.makeUser('developer');
    // Also of all that they may today: the key would stay when they become a sysadmin.
    for (const rights of [['read'], ['read', 'deploy']] as const) {
      const as = await platform.makeToken(user, [...rights]);
      expect((await add(await generate(`escalate-${rights.length}`, '-t', 'ed25519'), as)).status).toBe(403);
    }
  });
});

describe("the owner's socket", () => {
  it('opens for the owner of the machine alone, and needs no token', async () => {
    const { mode } = await stat(platform.config.path('run/control.sock'));
    expect(mode & 0o777).toBe(0o600);
    expect((await platform.call(api.me)).ok).toMatchObject({ kind: 'owner', role: 'sysadmin' });
  });
});

describe('the audit', () => {
  it('has an event with its actor for each of these changes, and no secret', async () => {
    const { ok } = await platform.call(api.listAudit, { query: { limit: '200' } });
    const actions = new Set(ok.items.map(({ action }) => action));
    for (const action of ['platform.claimed', 'session.started', 'session.ended', 'token.created', 'token.revoked', 'ssh-key.added', 'ssh-key.removed', 'app.created']) expect(actions).toContain(action);
    expect(ok.items.find(({ action }) => action === 'token.created')?.actor).toEqual({ kind: expect.any(String), name: expect.any(String) });
    expect(JSON.stringify(ok)).not.toMatch(/molo_[\w-]{20}/);
  });

  it('and the log hold no token, password, session or claim', async () => {
    const log = platform.logLines.join('');
    expect(log).toContain('/api/v1/sessions');
    expect(log).not.toContain(password);
    expect(log).not.toMatch(/molo_[\w-]{20}|claim\?token=/);
  });
});
