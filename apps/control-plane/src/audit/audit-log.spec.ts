import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { api, AuditEvent } from '@molo/contracts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HistorySweep } from '../collection/history-sweep.js';
import { type As, TestControlPlane } from '../test-control-plane.js';

const many = 20_000;
const ada = '00000000-0000-4000-8000-00000000000a';

let platform: TestControlPlane;
let appAdmin: As;

beforeAll(async () => {
  platform = await TestControlPlane.start();
  const [mine] = [(await platform.call(api.createApp, { body: { name: 'mine' } })).ok, (await platform.call(api.createApp, { body: { name: 'others' } })).ok];
  const user = await platform.makeUser('member');
  await platform.call(api.setMember, { params: { app: 'mine' }, body: { email: user.email, role: 'admin' } });
  appAdmin = await platform.makeSession(user);
  await platform.dataSource.query(`insert into users (id, name, email, role) values ($1, 'Ada', 'ada@example.com', 'developer')`, [ada]);
  await platform.dataSource.query(
    `insert into audit_events (at, actor_kind, actor_name, actor_user_id, ip, action, target, app_id, before, after)
     select '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 minute', 'token', 'laptop of ' || case when n % 100 = 7 then 'Ada' else 'user' || n % 10 end, case when n % 100 = 7 then $1::uuid end,
       '10.0.' || n % 250 || '.1', case when n % 50 = 3 then 'domain.added' else 'config.changed' end, 'app' || n % 1000 || '/production', case when n % 2 = 0 then $2::uuid end, null, jsonb_build_object('KEY_' || n, '(hidden)')
     from generate_series(1, $3) n`,
    [ada, mine.id, many],
  );
  await record('=cmd|calc', 'app.created', 'a "quoted", \u{1f600}\nname', { note: '日本語 Größe' });
  await platform.dataSource.query('analyze audit_events');
}, 60_000);

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function record(actor: string, action: string, target: string, after: unknown): Promise<void> {
  await platform.dataSource.query(`insert into audit_events (actor_kind, actor_name, ip, action, target, after) values ('user', $1, '2001:db8::1', $2, $3, $4)`, [actor, action, target, JSON.stringify(after)]);
}

async function found(query: Record<string, string>, as: As = 'owner'): Promise<AuditEvent[]> {
  return (await platform.call(api.listAudit, { as, query: { limit: '200', ...query } })).ok.items;
}

/** Of those that stand in the audit from long ago. */
async function actions(action: string): Promise<string[]> {
  return [...new Set((await found({ action, until: '2025-01-01T00:00:00Z' })).map((event) => event.action))];
}

async function exported(query: Record<string, string>, as: As = 'owner'): Promise<string> {
  const { status, text } = await platform.call(api.exportAudit, { as, query });
  expect(status).toBe(200);
  return text;
}

describe('the audit', () => {
  it('is found by who did it: their name as it stands there, or their e-mail address, name or id whatever token they came with', async () => {
    expect((await found({ actor: 'LAPTOP OF ada' })).length).toBe(200);
    for (const actor of ['ADA@example.com', 'ada', ada]) expect(new Set((await found({ actor })).map(({ actorId }) => actorId)), actor).toEqual(new Set([ada]));
    expect(await found({ actor: 'nobody' })).toEqual([]);
  });

  it('is found by what was done, whole or by its beginning', async () => {
    expect(await actions('domain.added')).toEqual(['domain.added']);
    expect(await actions('domain.')).toEqual(['domain.added']);
    expect(await actions('c')).toEqual([]);
    expect(await actions('config')).toEqual(['config.changed']);
    expect(await actions('domain.add')).toEqual([]);
  });

  it('is found by what it was done to, with what is below that', async () => {
    expect(new Set((await found({ target: 'app7' })).map(({ target }) => target))).toEqual(new Set(['app7/production']));
    expect(await found({ target: 'app_' })).toEqual([]);
  });

  it('is found by the address that it came from, and by time', async () => {
    expect((await found({ ip: '2001:DB8::1' })).map(({ actor }) => actor.name)).toEqual(['=cmd|calc']);
    expect((await found({ since: '2020-01-01T10:01:00+01:00', until: '2020-01-01T09:04:00Z' })).map(({ at }) => at)).toEqual(['2020-01-01T09:03:00.000Z', '2020-01-01T09:02:00.000Z', '2020-01-01T09:01:00.000Z']);
  });

  it('is found by words of it and by their beginnings, in any script and in any order', async () => {
    expect((await found({ q: 'KEY_19999' })).map(({ after }) => after)).toEqual([{ KEY_19999: '(hidden)' }]);
    for (const q of ['日本', 'grÖß app.created', '2001:db8', "quoted' | !x"]) expect((await found({ q })).length, q).toBe(q.includes('!x') ? 0 : 1);
    expect(await found({ q: 'KEY_19999 domain' })).toEqual([]);
  });

  it('is found by words that few events have as by those that many have, however long ago', async () => {
    expect((await found({ q: 'hidden', limit: '3' })).map(({ after }) => after)).toEqual([many, many - 1, many - 2].map((n) => ({ [`KEY_${n}`]: '(hidden)' })));
    expect((await found({ q: 'hidden', until: '2020-01-01T00:03:00Z' })).map(({ after }) => after)).toEqual([{ KEY_2: '(hidden)' }, { KEY_1: '(hidden)' }]);
    expect((await found({ until: '2020-01-08T00:01:00Z', limit: '1' })).map(({ at }) => at)).toEqual(['2020-01-08T00:00:00.000Z']);
  });

  it('takes all filters together', async () => {
    const events = await found({ actor: ada, action: 'config.', target: 'app107', ip: '10.0.107.1', since: '2020-01-01T00:00:00Z', until: '2021-01-01T00:00:00Z', q: 'hidden key' });
    expect(events.length).toBe(many / 1000);
  });

  it('tells of an app that was deleted by the name that it had, and to nobody by the name of theirs', async () => {
    await platform.call(api.createApp, { body: { name: 'gone' } });
    await platform.dataSource.query(`update apps set deleted_at = now() where name = 'gone'`);
    expect((await found({ app: 'gone' })).map(({ action }) => action)).toEqual(['app.created']);
    expect((await platform.call(api.listAudit, { as: appAdmin, query: { app: 'gone' } })).status).toBe(404);
  });

  it('is read in pages, each event once and in order, while more is written', async () => {
    const query = { action: 'domain.added', limit: '150' };
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { ok }: { ok: { items: AuditEvent[]; nextCursor: string | null } } = await platform.call(api.listAudit, { query: { ...query, ...(cursor ? { cursor } : {}) } });
      ids.push(...ok.items.map(({ id }) => id));
      await record('meanwhile', 'domain.added', 'late', null);
      cursor = ok.nextCursor;
    }
    expect(ids.length).toBe(many / 50);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => Number(b) - Number(a)));
  });

  it.each([
    ['action', 'App.Created'], ['action', '%'], ['ip', '10.0.0'], ['ip', 'localhost'], ['since', 'yesterday'], ['since', '2026-02-30T00:00:00Z'], ['until', '2026-01-01'], ['q', ' . '], ['q', 'x'.repeat(201)], ['actor', ''], ['actor', 'a\0b'], ['target', ''], ['app', 'No'], ['format', 'xml'],
  ])('refuses %s=%j and says what is wrong with it', async (name, value) => {
    for (const endpoint of [api.listAudit, api.exportAudit].slice(name === 'format' ? 1 : 0)) {
      const { status, problem } = await platform.call(endpoint, { query: { [name]: value } });
      expect([status, problem.code, problem.errors?.map(({ path }) => path)]).toEqual([422, 'invalid_input', [name]]);
    }
  });

  it('refuses a time that ends before it begins, and takes any that there can be', async () => {
    const { problem } = await platform.call(api.listAudit, { query: { since: '2026-01-02T00:00:00Z', until: '2026-01-02T00:00:00Z' } });
    expect(problem.errors).toEqual([{ path: 'until', message: 'must be later than since' }]);
    expect(await found({ since: '9999-12-31T23:59:59Z' })).toEqual([]);
    expect(await found({ until: '0000-01-01T00:00:00Z' })).toEqual([]);
  });

  it.each([
    ['actor', `lower(actor_name) = lower('laptop of Ada')`, 'audit_events_actor'],
    ['actorId', `actor_user_id = '${ada}'`, 'audit_events_actor_user'],
    ['action', `action = 'app.created'`, 'audit_events_action'],
    ['action.', `action like 'app.%'`, 'audit_events_action'],
    ['target', `(target = 'app7' or target like 'app7/%')`, 'audit_events_target'],
    ['ip', `ip = '2001:db8::1'`, 'audit_events_ip'],
    ['at', `at >= '2020-01-01T10:00:00Z' and at < '2020-01-01T10:05:00Z'`, 'audit_events_at'],
    ['q', `words @@ audit_query('KEY_19999')`, 'audit_events_words'],
  ])('has an index for %s', async (_name, condition, index) => {
    const plan: { 'QUERY PLAN': string }[] = await platform.dataSource.query(`explain select * from audit_events where ${condition}`);
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain(index);
  });
});

describe('an export of the audit', () => {
  it('has all that the same filters find, as JSON Lines', async () => {
    const lines = (await exported({ action: 'domain.added' })).trimEnd().split('\n').map((line) => AuditEvent.parse(JSON.parse(line)));
    expect(lines.length).toBeGreaterThanOrEqual(many / 50);
    expect(lines.slice(0, 200)).toEqual(await found({ action: 'domain.added' }));
    expect(await exported({ actor: 'nobody' })).toBe('');
  });

  it('is CSV that a spreadsheet reads as text, whatever stands in it', async () => {
    const { headers, text } = await platform.call(api.exportAudit, { query: { format: 'csv', ip: '2001:db8::1', action: 'app.created' } });
    expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual(['text/csv; charset=utf-8', 'attachment; filename="audit.csv"']);
    const [head, line] = text.split('\r\n');
    expect(head).toBe('"id","at","actorKind","actorName","actorId","ip","action","target","before","after"');
    expect(line?.split(',').slice(2).join(',')).toBe(`"user","'=cmd|calc","","2001:db8::1","app.created","a ""quoted"", \u{1f600}\nname","","{""note"":""日本語 Größe""}"`);
    expect(await exported({ format: 'csv', actor: 'nobody' })).toBe(`${head}\r\n`);
  });

  it('holds of the platform what the caller may read, and is refused to the others', async () => {
    const lines = (await exported({}, appAdmin)).trimEnd().split('\n').map((line) => AuditEvent.parse(JSON.parse(line)));
    expect(lines.length).toBe(many / 2 + 2);
    expect((await platform.call(api.exportAudit, { as: appAdmin, query: { app: 'others' } })).status).toBe(404);
    expect((await platform.call(api.exportAudit, { as: 'anonymous' })).status).toBe(401);
  });

  it('ends with its reader: for one who has gone nothing more is read, and that is no failure', async () => {
    const transactions = vi.spyOn(platform.dataSource, 'transaction');
    const begun = request({ socketPath: platform.config.path('run', 'control.sock'), path: '/api/v1/audit/export' });
    begun.end();
    const [answer] = (await once(begun, 'response')) as [IncomingMessage];
    await once(answer, 'readable');
    answer.destroy();
    // Whoever still read for the first would have read all of it by the end of the second.
    const all = (await exported({})).split('\n').length;
    expect(all).toBeGreaterThan(many);
    expect(transactions.mock.calls.length - Math.ceil(all / 500)).toBeLessThan(many / 500 / 2);
    expect(platform.logLines.filter((line) => line.includes('a request failed'))).toEqual([]);
    transactions.mockRestore();
  });

  it('breaks off, and does not end, when its reader may read no longer', async () => {
    const { id, token } = await platform.makeToken(null, ['read', 'deploy', 'administer']);
    const { hostname, port } = new URL(platform.url);
    const begun = request({ host: hostname, port, path: '/api/v1/audit/export', headers: { authorization: `Bearer ${token}` } });
    begun.end();
    const [answer] = (await once(begun, 'response')) as [IncomingMessage];
    await once(answer, 'readable');
    expect((await platform.call(api.revokeToken, { params: { tokenId: id } })).status).toBe(204);
    const broken = once(answer, 'end').then(() => 'ended', () => 'broken');
    answer.resume();
    expect(await broken).toBe('broken');
  });
});

describe('what stands in the audit', () => {
  it.each(['update audit_events set ip = null where id = 1', `update audit_events set after = null where false`, 'delete from audit_events where id = 1', 'truncate audit_events'])('is kept by the database: %s', async (statement) => {
    const count = async () => await platform.dataSource.query('select count(*), md5(string_agg(e::text, $1 order by id)) from audit_events e', ['']);
    const before: unknown = await count();
    await expect(platform.dataSource.query(statement)).rejects.toMatchObject({ code: '42501', message: expect.stringContaining('neither changed nor removed') as string });
    const asReplica = platform.dataSource.transaction(async (manager) => {
      await manager.query(`set local session_replication_role = replica`);
      await manager.query(statement);
    });
    await expect(asReplica).rejects.toMatchObject({ code: '42501' });
    expect(await count()).toEqual(before);
  });

  it('outlives the sweep of history', async () => {
    const count = async () => await platform.dataSource.query(`select count(*) from audit_events where at < '2021-01-01'`);
    await platform.app.get(HistorySweep, { strict: false }).sweep();
    expect(await count()).toEqual([{ count: String(many) }]);
  });

  it('is changed by no endpoint', () => {
    expect(Object.values(api).filter(({ path }) => path.startsWith('/audit')).map(({ method }) => method)).toEqual(['GET', 'GET']);
  });
});
