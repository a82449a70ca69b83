import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { io } from 'socket.io-client';
import { type As, TestControlPlane } from '../test-control-plane.js';
import type { User } from './user.entity.js';

let platform: TestControlPlane;
let user: User;
let as: { session: string };
const headers = { 'x-molo-csrf': '1' };
const password = 'correct horse battery';

beforeAll(async () => {
  platform = await TestControlPlane.start();
});

beforeEach(async () => {
  user = await platform.makeUser('developer', password);
  as = await platform.makeSession(user);
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const list = async (by: As = as) => (await platform.call(api.listSessions, { as: by })).ok.items;
const me = async (by: As) => (await platform.call(api.me, { as: by })).status;
const end = (sessionId: string, by: As = as) => platform.call(api.endSession, { as: by, params: { sessionId }, headers });

describe('sessions', () => {
  it('are listed with where from, with what and when, the present one marked', async () => {
    const signedIn = await platform.call(api.signIn, { as: 'anonymous', body: { email: user.email, password }, headers: { 'x-forwarded-for': '10.2.3.4', 'user-agent': 'Firefox on a boat' } });
    expect(signedIn.status).toBe(201);
    const sessions = await list();
    expect(sessions).toHaveLength(2);
    expect(sessions.find(({ current }) => !current)).toMatchObject({ ip: '10.2.3.4', userAgent: 'Firefox on a boat' });
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    expect(await list(await platform.makeSession(await platform.makeUser('viewer')))).toHaveLength(1);
    expect(await list('owner')).toEqual([]);
  });

  it('are seen where they were last used from', async () => {
    await platform.dataSource.query(`update sessions set last_seen_at = now() - interval '2 days' where user_id = $1`, [user.id]);
    await platform.call(api.me, { as, headers: { 'x-forwarded-for': '10.9.8.7' } });
    await waitFor(async () => (await list())[0]?.ip === '10.9.8.7', { what: 'the address to be written' });
    expect(Date.now() - Date.parse((await list())[0]!.lastSeenAt)).toBeLessThan(60_000);
  });

  it('end one by one, at once, with their sockets, and only for whom they belong to', async () => {
    const other = await platform.makeSession(user);
    const socket = io(platform.url, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders: { cookie: `molo_session=${other.session}` } });
    await waitFor(() => socket.connected, { what: 'the socket to connect' });
    const { id } = (await list(other)).find(({ current }) => current)!;
    expect((await end(id, await platform.makeSession(await platform.makeUser('sysadmin')))).status).toBe(404);
    expect(await me(other)).toBe(200);
    expect((await end(id)).status).toBe(204);
    expect([await me(other), await me(as)]).toEqual([401, 200]);
    await waitFor(() => socket.disconnected, { what: 'the socket to be cut off' });
    expect((await end(id)).status).toBe(404);
  });

  it('end all but the one that asks', async () => {
    const others = [await platform.makeSession(user), await platform.makeSession(user)];
    expect((await platform.call(api.endOtherSessions, { as, headers })).status).toBe(204);
    expect([await me(as), ...(await Promise.all(others.map(me)))]).toEqual([200, 401, 401]);
  });

  it('of a user are seen and ended by a sysadmin, and not by others', async () => {
    const params = { userId: user.id };
    const developer = await platform.makeToken(await platform.makeUser('developer'), ['read', 'deploy']);
    expect((await platform.call(api.endUserSessions, { as: developer, params })).status).toBe(403);
    expect((await platform.call(api.listUserSessions, { params })).ok.items.map(({ current }) => current)).toEqual([false]);
    expect((await platform.call(api.endUserSessions, { params })).status).toBe(204);
    expect(await me(as)).toBe(401);
    const [event] = (await platform.call(api.listAudit)).ok.items;
    expect(event).toMatchObject({ action: 'session.ended', target: user.email, actor: { kind: 'owner' } });
  });

  it('are not ended by a token that may do less than its user', async () => {
    // The second has all that its user may today, and less than they may once they are a sysadmin.
    for (const rights of [['read'], ['read', 'deploy']] as const) {
      const weak = await platform.makeToken(user, [...rights]);
      expect((await platform.call(api.endOtherSessions, { as: weak })).status).toBe(403);
      expect((await end((await list())[0]!.id, weak)).status).toBe(403);
    }
    expect((await end((await list())[0]!.id, await platform.makeToken(user, ['read', 'deploy', 'administer']))).status).toBe(204);
    expect(await me(as)).toBe(401);
  });

  it('come in pages, each once', async () => {
    for (let count = 0; count < 4; count++) await platform.makeSession(user);
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { ok }: { ok: { items: { id: string }[]; nextCursor: string | null } } = await platform.call(api.listSessions, { as, query: { limit: '2', ...(cursor && { cursor }) } });
      ids.push(...ok.items.map(({ id }) => id));
      cursor = ok.nextCursor;
    }
    expect([ids.length, new Set(ids).size]).toEqual([5, 5]);
  });
});
