import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, type TokenRight } from '@molo/contracts';
import { type As, TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;

beforeAll(async () => {
  platform = await TestControlPlane.startWithRegistry();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

function createApp(name: string, key: string, as: As = 'owner') {
  return platform.call(api.createApp, { as, body: { name }, headers: { 'idempotency-key': key } });
}

describe('a POST with an Idempotency-Key', () => {
  it('is done once and answered twice with the same', async () => {
    const key = randomUUID();
    const first = await createApp('once', key);
    const second = await createApp('once', key);
    expect(second.status).toBe(201);
    expect(second.text).toBe(first.text);
  });

  it('is done once when many are sent at once', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => createApp('at-once', key)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses.has(201)).toBe(true);
    // Those that come while the first runs are told so, and may ask again.
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const again = await createApp('at-once', key);
    expect(again.status).toBe(201);
    expect(await platform.dataSource.query(`select count(*)::int from apps where name = 'at-once'`)).toEqual([{ count: 1 }]);
  });

  it('is refused where the key belongs to another request', async () => {
    const key = randomUUID();
    await createApp('first-one', key);
    const { status, problem } = await createApp('second-one', key);
    expect([status, problem.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('may be made again after it failed', async () => {
    const key = randomUUID();
    await createApp('taken', randomUUID());
    expect((await createApp('taken', key)).status).toBe(409);
    await platform.call(api.deleteApp, { params: { app: 'taken' } });
    expect((await createApp('taken', key)).status).toBe(201);
  });

  it('is answered and not done again where its answer cannot be kept', async () => {
    const key = randomUUID();
    await platform.dataSource.query(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$`);
    await platform.dataSource.query('create trigger refuse before update on idempotency_keys for each row execute function refuse()');
    expect((await createApp('unkept', key)).status).toBe(201);
    await platform.dataSource.query('drop function refuse cascade');
    const { status, problem } = await createApp('unkept', key);
    expect([status, problem.code]).toEqual([409, 'conflict']);
  });

  it('shares its key with nobody', async () => {
    const key = randomUUID();
    const as = await platform.makeToken(await platform.makeUser('developer'), ['read', 'deploy']);
    expect((await createApp('mine', key)).status).toBe(201);
    expect((await createApp('theirs', key, as)).status).toBe(201);
  });

  it('tells a token that may do less nothing of what another of its user was answered', async () => {
    const [key, user] = [randomUUID(), await platform.makeUser('sysadmin')];
    const all: TokenRight[] = ['read', 'deploy', 'administer'];
    const make = (as: As) => platform.call(api.createToken, { as, body: { name: 'secret', rights: ['read'] }, headers: { 'idempotency-key': key } });
    const first = await make(await platform.makeToken(user, all));
    expect(first.status).toBe(201);
    expect((await make(await platform.makeToken(user, all.toReversed()))).text).toBe(first.text);
    const app = (await createApp('narrow', randomUUID())).ok.id;
    for (const as of [await platform.makeToken(user, ['read']), await platform.makeToken(user, all, { appIds: [app] })]) {
      const { text, problem } = await make(as);
      expect(problem.code).toBe('idempotency_key_reused');
      expect(text).not.toContain(first.ok.token);
    }
  });

  it('is forgotten after a day', async () => {
    const key = randomUUID();
    await createApp('yesterday', key);
    await platform.dataSource.query(`update idempotency_keys set created_at = now() - interval '25 hours' where key = $1`, [key]);
    expect((await createApp('today', key)).status).toBe(201);
  });

  it('leaves no token readable in the database', async () => {
    const { ok } = await platform.call(api.createToken, { body: { name: 'bot' }, headers: { 'idempotency-key': randomUUID() } });
    const rows = await platform.dataSource.query('select * from idempotency_keys');
    expect(JSON.stringify(rows)).not.toContain(ok.token);
  });
});
