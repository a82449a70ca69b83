import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { type As, TestControlPlane } from '../../test-control-plane.js';

let platform: TestControlPlane;
const password = 'correct horse battery';
const csrf = { 'x-molo-csrf': '1' };

beforeAll(async () => {
  platform = await TestControlPlane.start();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const me = async (as: As) => (await platform.call(api.me, { as })).status;
const accept = (link: string) => platform.call(api.acceptInvitation, { as: 'anonymous', body: { token: new URL(link).searchParams.get('token'), password } });
const sessionOf = (headers: Headers) => ({ session: /molo_session=([\w-]+)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? '' });

/** As OpenSSH writes it: each part after its length. */
function newKey(): string {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const parts = [Buffer.from('ssh-ed25519'), raw].flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part]);
  return `ssh-ed25519 ${Buffer.concat(parts).toString('base64')}`;
}

describe('a password', () => {
  it('that is changed keeps tokens and SSH keys, or ends them where asked, with their names in answer and audit', async () => {
    const user = await platform.makeUser('developer', password);
    const [as, token] = [await platform.makeSession(user), await platform.makeToken(user, ['read'])];
    await platform.call(api.addSshKey, { as, body: { name: 'laptop', publicKey: newKey() }, headers: csrf });
    const change = (body: object) => platform.call(api.changePassword, { as, body: { current: password, password, ...body }, headers: csrf });
    expect((await change({})).ok).toEqual({ sessions: 0, tokens: [], sshKeys: [] });
    expect([await me(token), (await platform.call(api.listSshKeys, { as })).ok.items.length]).toEqual([200, 1]);
    expect((await change({ removeKeys: true })).ok).toEqual({ sessions: 0, tokens: [], sshKeys: ['laptop'] });
    expect([await me(token), (await platform.call(api.listSshKeys, { as })).ok.items.length]).toEqual([200, 0]);
    expect((await change({ revokeTokens: true })).ok).toEqual({ sessions: 0, tokens: ['test'], sshKeys: [] });
    expect(await me(token)).toBe(401);
    const { items } = (await platform.call(api.listAudit, { query: { limit: '1' } })).ok;
    expect(items).toMatchObject([{ action: 'password.changed', target: user.email, after: { ended: { tokens: ['test'] } } }]);
  });

  it('that a sysadmin lets somebody choose anew ends all sessions, tokens and SSH keys', async () => {
    const user = await platform.makeUser('developer', password);
    const [as, token] = [await platform.makeSession(user), await platform.makeToken(user, ['read'])];
    await platform.call(api.addSshKey, { as, body: { name: 'lost laptop', publicKey: newKey() }, headers: csrf });
    const { ok } = await platform.call(api.renewInvitation, { params: { userId: user.id }, body: {} });
    expect([await me(as), await me(token)]).toEqual([200, 200]);
    const now = sessionOf((await accept(ok.link)).headers);
    expect([await me(as), await me(token), await me(now)]).toEqual([401, 401, 200]);
    expect((await platform.call(api.listSshKeys, { as: now })).ok.items).toEqual([]);
    const { items } = (await platform.call(api.listAudit, { query: { limit: '1' } })).ok;
    expect(items).toMatchObject([{ action: 'password.reset', after: { ended: { sessions: 1, tokens: ['test'], sshKeys: ['lost laptop'] } } }]);
  });
});
