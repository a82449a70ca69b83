import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { api, type TokenRight } from '@molo/contracts';
import { type As, TestControlPlane } from '../../test-control-plane.js';
import type { User } from '../user.entity.js';
import { codeOf, TestAuthenticator } from './test-authenticator.js';
import { stepOf } from './totp.js';

let platform: TestControlPlane;
let count = 0;
const password = 'correct horse battery';
const headers = { 'x-molo-csrf': '1' };
const all: TokenRight[] = ['read', 'deploy', 'administer'];

beforeAll(async () => {
  platform = await TestControlPlane.start();
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

/** Each from an address of its own, unless one is given. */
async function signIn(email: string, code?: string, given = password, address = `10.${Math.floor(++count / 250)}.${count % 250}.1`) {
  return await platform.call(api.signIn, { as: 'anonymous', body: { email, password: given, ...(code === undefined ? {} : { code }) }, headers: { 'x-forwarded-for': address } });
}

const outcome = async (answer: Promise<{ readonly status: number; readonly problem: { readonly code: string } }>) => ((await answer).status === 201 ? 'in' : (await answer).problem.code);

async function enrolled() {
  const user = await platform.makeUser('developer', password);
  return { user, app: await TestAuthenticator.enrol(platform, user, password) };
}

const stateOf = async (user: User) => (await platform.call(api.getSecondFactor, { as: await platform.makeSession(user) })).ok;
const eventsOf = async ({ email }: { email: string }) => (await platform.call(api.listAudit, { query: { target: email } })).ok.items.map(({ action, after }) => ({ action, after }));

/** Only what the time of day is; what measures durations goes on. */
function setClock(to: Date | number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: to });
}

describe('a code', () => {
  it('is the one that RFC 6238 has for its secret and time', () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    for (const [seconds, code] of [[59, '287082'], [1111111109, '081804'], [1111111111, '050471'], [1234567890, '005924'], [2000000000, '279037'], [20000000000, '353130']] as const) {
      expect(stepOf(code, secret, seconds * 1000)).toBe(Math.floor(seconds / 30));
    }
  });

  it('is taken one step early or late, and no more', async () => {
    setClock(Date.now());
    const { user, app } = await enrolled();
    const codes = [-2, -1, 1, 2].map((steps) => app.code(steps));
    const outcomes = [];
    for (const code of codes) outcomes.push(await outcome(signIn(user.email, code)));
    expect(outcomes).toEqual(['second_factor_refused', 'in', 'in', 'second_factor_refused']);
  });

  it('is asked for once it was confirmed, and only of who knows the password', async () => {
    const user = await platform.makeUser('developer', password);
    const as = await platform.makeSession(user);
    const { secret, uri } = (await platform.call(api.enrolSecondFactor, { as, headers, body: { password } })).ok;
    expect(new URL(uri).searchParams.get('secret')).toBe(secret);
    expect(decodeURIComponent(uri)).toContain(`otpauth://totp/molo.localhost:${user.email}?issuer=molo.localhost`);
    expect([await outcome(signIn(user.email)), await stateOf(user)]).toEqual(['in', { since: null, recoveryCodesLeft: 0 }]);
    const wrong = await platform.call(api.confirmSecondFactor, { as, headers, body: { code: codeOf(secret, 5) } });
    expect([wrong.status, wrong.problem.errors?.[0]?.path]).toEqual([422, 'code']);
    const { recoveryCodes } = (await platform.call(api.confirmSecondFactor, { as, headers, body: { code: codeOf(secret) } })).ok;
    expect(new Set(recoveryCodes).size).toBe(10);
    expect((await stateOf(user)).recoveryCodesLeft).toBe(10);
    expect([await outcome(signIn(user.email)), await outcome(signIn(user.email, codeOf(secret, 1)))]).toEqual(['second_factor_required', 'in']);
    const told = async (to: As) => (await platform.call(api.listUsers, { as: to, query: { limit: '200' } })).ok.items.find(({ id }) => id === user.id)?.secondFactor;
    expect([await told('owner'), await told(await platform.makeSession(await platform.makeUser('viewer')))]).toEqual([true, null]);
  });

  it('lets in one of any number who send it at once, and nobody after', async () => {
    const { user, app } = await enrolled();
    const code = app.code(1);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => outcome(signIn(user.email, code))));
    expect(outcomes.toSorted()).toEqual(['in', ...Array.from({ length: 9 }, () => 'second_factor_refused')]);
    expect(await outcome(signIn(user.email, code))).toBe('second_factor_refused');
  });

  it('that confirmed the secret does not sign in', async () => {
    const user = await platform.makeUser('developer', password);
    const as = await platform.makeSession(user);
    const { secret } = (await platform.call(api.enrolSecondFactor, { as, headers, body: { password } })).ok;
    const code = codeOf(secret);
    expect((await platform.call(api.confirmSecondFactor, { as, headers, body: { code } })).status).toBe(200);
    expect(await outcome(signIn(user.email, code))).toBe('second_factor_refused');
  });

  it('is not used up by who does not know the password, who learns nothing from it', async () => {
    const { user, app } = await enrolled();
    const code = app.code(1);
    const answers = await Promise.all([signIn(user.email, code, 'wrong'), signIn(user.email, undefined, 'wrong'), signIn('nobody@example.com', code), signIn('nobody@example.com')]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect([answers[0].problem.code, await outcome(signIn(user.email, code))]).toEqual(['credentials_refused', 'in']);
  });

  it('is not asked of who is disabled, who learns nothing of their password', async () => {
    const { user, app } = await enrolled();
    expect((await platform.call(api.updateUser, { params: { userId: user.id }, body: { disabled: true } })).status).toBe(200);
    expect([await outcome(signIn(user.email)), await outcome(signIn(user.email, app.code(1)))]).toEqual(['credentials_refused', 'credentials_refused']);
  });

  it('is not used up where signing in fails after it', async () => {
    const { user, app } = await enrolled();
    const code = app.code(1);
    await platform.dataSource.query(`alter table sessions add constraint none check (false) not valid`);
    const failed = await signIn(user.email, code).finally(() => platform.dataSource.query('alter table sessions drop constraint none'));
    expect([failed.status, await outcome(signIn(user.email, code))]).toEqual([500, 'in']);
  });

  it('is not asked of who has no second factor, and does no harm', async () => {
    const user = await platform.makeUser('developer', password);
    expect(await outcome(signIn(user.email, '123456'))).toBe('in');
  });

  it.each([
    ['invalid_input', ['', ' ', '12345\u0000', '1'.repeat(51)]],
    ['second_factor_refused', ['12345', '1234567', '١٢٣٤٥٦', 'aaaa-aaaa-aaaa-aaaa', '💥💥💥', '-']],
  ])('that is none is answered with %s: %j', async (answer, codes) => {
    const { user } = await enrolled();
    for (const code of codes) expect([code, await outcome(signIn(user.email, code))]).toEqual([code, answer]);
  });
});

describe('a clock that jumps', () => {
  it('makes no code count twice, and locks nobody out', async () => {
    const at = Date.now();
    setClock(at);
    const { user, app } = await enrolled();
    const now = app.code(1);
    expect(await outcome(signIn(user.email, now))).toBe('in');
    // A year ahead, where all that was known of today is long past.
    setClock(at + 365 * 24 * 60 * 60_000);
    const later = app.code();
    expect([await outcome(signIn(user.email, later)), await outcome(signIn(user.email, later))]).toEqual(['in', 'second_factor_refused']);
    // Back again: what was used is still used, and the next code works.
    setClock(at + 30_000);
    expect([await outcome(signIn(user.email, now)), await outcome(signIn(user.email, app.code(1)))]).toEqual(['second_factor_refused', 'in']);
    setClock(at);
    expect(await outcome(signIn(user.email, now))).toBe('second_factor_refused');
  });
});

describe('a recovery code', () => {
  it('signs in one of any number who send it at once, however it is typed', async () => {
    const { user, app } = await enrolled();
    const [code = '', other = ''] = app.recoveryCodes;
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcome(signIn(user.email, code))));
    expect(outcomes.toSorted()).toEqual(['in', ...Array.from({ length: 4 }, () => 'second_factor_refused')]);
    expect(await outcome(signIn(user.email, ` ${other.toUpperCase().replaceAll('-', ' ')} `))).toBe('in');
    expect((await stateOf(user)).recoveryCodesLeft).toBe(8);
    expect((await eventsOf(user))[0]).toEqual({ action: 'session.started', after: { secondFactor: 'recovery code', recoveryCodesLeft: 8 } });
  });

  it('of somebody else does not', async () => {
    const [one, other] = [await enrolled(), await enrolled()];
    expect(await outcome(signIn(one.user.email, other.app.recoveryCodes[0]))).toBe('second_factor_refused');
    expect((await stateOf(other.user)).recoveryCodesLeft).toBe(10);
  });

  it('ends when new ones are made, for password and code', async () => {
    const { user, app } = await enrolled();
    const as = await platform.makeToken(user, ['read']);
    const renew = (body: object) => platform.call(api.renewRecoveryCodes, { as, body });
    expect((await renew({ password: 'wrong', code: app.code(1) })).problem.errors?.[0]?.path).toBe('password');
    expect((await renew({ password, code: app.code(7) })).problem.errors?.[0]?.path).toBe('code');
    const { recoveryCodes } = (await renew({ password, code: app.code(1) })).ok;
    expect(await outcome(signIn(user.email, app.recoveryCodes[0]))).toBe('second_factor_refused');
    expect(await outcome(signIn(user.email, recoveryCodes[0]))).toBe('in');
  });
});

describe('whoever guesses', () => {
  it('codes, knowing the password, has to wait, from a thousand addresses too; the recovery codes of the owner work all the same', async () => {
    const { user, app } = await enrolled();
    const guesses = await Promise.all(Array.from({ length: 30 }, () => outcome(signIn(user.email, app.code(50)))));
    expect(guesses.filter((each) => each === 'second_factor_refused')).toHaveLength(20);
    expect(await outcome(signIn(user.email, app.code(1)))).toBe('too_many_attempts');
    expect(await outcome(signIn(user.email, app.recoveryCodes[0]))).toBe('in');
    expect((await eventsOf(user)).filter(({ action }) => action === 'second-factor.refused')).toHaveLength(20);
  });

  it('recovery codes, knowing a link for a lost password, has to wait', async () => {
    const { user } = await enrolled();
    const { link } = (await platform.call(api.renewInvitation, { params: { userId: user.id }, body: {} })).ok;
    const body = { token: new URL(link).searchParams.get('token'), password, code: 'aaaa-aaaa-aaaa-aaaa' };
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => outcome(platform.call(api.acceptInvitation, { as: 'anonymous', body }))));
    expect(outcomes.filter((each) => each === 'too_many_attempts')).toHaveLength(2);
  });

  it('from one address has the attempts that passwords have, and asking with no code gives none back', async () => {
    const { user, app } = await enrolled();
    const address = '192.0.2.1';
    const outcomes = [];
    for (let attempt = 0; attempt < 6; attempt++) outcomes.push(await outcome(signIn(user.email, app.code(50), password, address)), await outcome(signIn(user.email, undefined, password, address)));
    expect(outcomes.slice(-2)).toEqual(['too_many_attempts', 'too_many_attempts']);
    expect(outcomes.filter((each) => each === 'second_factor_refused')).toHaveLength(5);
  });

  it('finds neither secret nor recovery codes in the database, the audit or the log', async () => {
    const { user, app } = await enrolled();
    const [code = '', left = ''] = app.recoveryCodes;
    await signIn(user.email, code);
    const rows: { row: string }[] = await platform.dataSource.query('select t::text as row from users t union all select t::text from recovery_codes t union all select t::text from audit_events t union all select t::text from idempotency_keys t');
    const text = [...rows.map(({ row }) => row), ...platform.logLines].join('\n');
    expect(text).toContain(user.email);
    for (const hidden of [app.secret, code, left, left.replaceAll('-', '')]) expect(text).not.toContain(hidden);
  });
});

describe('a second factor', () => {
  it('is begun by who proves the password, in a session, once', async () => {
    const user = await platform.makeUser('developer', password);
    const enrol = (as: As, given = password) => platform.call(api.enrolSecondFactor, { as, headers, body: { password: given } });
    const as = await platform.makeSession(user);
    expect((await enrol(as, 'wrong')).problem.errors?.[0]?.path).toBe('password');
    expect((await enrol(await platform.makeToken(user, all))).status).toBe(403);
    expect((await enrol('owner')).status).toBe(403);
    const [first, second] = [(await enrol(as)).ok.secret, (await enrol(as)).ok.secret];
    const confirm = (code: string) => platform.call(api.confirmSecondFactor, { as, headers, body: { code } });
    expect((await confirm(codeOf(first))).status).toBe(422);
    const answers = await Promise.all(Array.from({ length: 3 }, () => confirm(codeOf(second))));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409, 409]);
    expect([(await enrol(as)).status, (await confirm(codeOf(second, 1))).status]).toEqual([409, 409]);
  });

  it('that was begun is dropped with the password, by whomever it was begun', async () => {
    const user = await platform.makeUser('developer', password);
    const as = await platform.makeSession(user);
    const { secret } = (await platform.call(api.enrolSecondFactor, { as, headers, body: { password } })).ok;
    expect((await platform.call(api.changePassword, { as, headers, body: { current: password, password: 'another good one' } })).status).toBe(200);
    const confirmed = await platform.call(api.confirmSecondFactor, { as, headers, body: { code: codeOf(secret) } });
    expect([confirmed.status, await outcome(signIn(user.email, undefined, 'another good one'))]).toEqual([409, 'in']);
  });

  it('is given up by who has password and code, a recovery code too, and can then be had anew at once', async () => {
    const { user, app } = await enrolled();
    const as = await platform.makeToken(user, ['read']);
    const disable = (code: string, given = password) => platform.call(api.disableSecondFactor, { as, body: { password: given, code } });
    expect([(await disable(app.code(1), 'wrong')).status, (await disable(app.code(50))).status]).toEqual([422, 422]);
    expect((await disable(app.recoveryCodes[0] ?? '')).status).toBe(204);
    expect([await outcome(signIn(user.email)), (await disable(app.code(1))).status, (await stateOf(user)).since]).toEqual(['in', 409, null]);
    const anew = await TestAuthenticator.enrol(platform, user, password);
    expect([await outcome(signIn(user.email, anew.code(1))), await outcome(signIn(user.email, app.recoveryCodes[1]))]).toEqual(['in', 'second_factor_refused']);
    expect((await eventsOf(user)).map(({ action }) => action).filter((action) => action.startsWith('second'))).toEqual(['second-factor.refused', 'second-factor.enabled', 'second-factor.begun', 'second-factor.disabled', 'second-factor.refused', 'second-factor.enabled', 'second-factor.begun']);
  });

  it('is taken by a sysadmin from a user who lost it, but not from themselves, nor by a token that has not all rights', async () => {
    const [{ user }, sysadmin] = [await enrolled(), await platform.makeUser('sysadmin', password)];
    const own = await TestAuthenticator.enrol(platform, sysadmin, password);
    const remove = (userId: string, as: As) => platform.call(api.removeUserSecondFactor, { as, params: { userId }, headers });
    expect((await remove(user.id, await platform.makeToken(sysadmin, ['administer']))).problem.code).toBe('forbidden');
    expect((await remove(user.id, await platform.makeSession(await platform.makeUser('developer')))).problem.code).toBe('forbidden');
    expect((await remove(sysadmin.id, await platform.makeSession(sysadmin))).problem.code).toBe('forbidden');
    expect((await remove(user.id, await platform.makeSession(sysadmin))).status).toBe(204);
    expect([await outcome(signIn(user.email)), (await remove(user.id, 'owner')).problem.code]).toEqual(['in', 'conflict']);
    // Who sits at the machine itself helps the last sysadmin out.
    expect([await outcome(signIn(sysadmin.email)), (await remove(sysadmin.id, 'owner')).status, await outcome(signIn(sysadmin.email))]).toEqual(['second_factor_required', 204, 'in']);
    expect(own.recoveryCodes).toHaveLength(10);
  });

  it('is not asked of who comes without a password: by token or by session', async () => {
    const { user, app } = await enrolled();
    const me = async (as: As) => (await platform.call(api.me, { as })).status;
    expect([await me(await platform.makeToken(user, ['read'])), await me(await platform.makeSession(user)), app.recoveryCodes.length]).toEqual([200, 200, 10]);
  });

  it('is asked of who chooses a lost password anew: the link alone lets nobody in, and a refused code leaves it open', async () => {
    const { user, app } = await enrolled();
    const { link } = (await platform.call(api.renewInvitation, { params: { userId: user.id }, body: {} })).ok;
    const accept = (code?: string) => outcome(platform.call(api.acceptInvitation, { as: 'anonymous', body: { token: new URL(link).searchParams.get('token'), password: 'another good one', ...(code === undefined ? {} : { code }) } }));
    expect([await accept(), await accept(app.code(50)), await outcome(signIn(user.email, app.recoveryCodes[0]))]).toEqual(['second_factor_required', 'second_factor_refused', 'in']);
    const outcomes = await Promise.all(Array.from({ length: 3 }, (_, index) => accept(app.recoveryCodes[1 + index])));
    expect(outcomes.toSorted()).toEqual(['credentials_refused', 'credentials_refused', 'in']);
    expect((await stateOf(user)).recoveryCodesLeft).toBe(8);
    expect([await outcome(signIn(user.email, undefined, 'another good one')), await outcome(signIn(user.email, app.code(1), 'another good one'))]).toEqual(['second_factor_required', 'in']);
    expect((await eventsOf(user)).find(({ action }) => action === 'password.reset')?.after).toMatchObject({ secondFactor: 'recovery code' });
  });
});
