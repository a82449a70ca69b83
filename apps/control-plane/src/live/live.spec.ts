import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { api, type DeploymentEvent } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { io, type Socket } from 'socket.io-client';
import { moloItself } from '../access/caller.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { type As, TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;
let reader: { token: string };
const sockets: Socket[] = [];

beforeAll(async () => {
  platform = await TestControlPlane.start();
  reader = await platform.makeToken(await platform.makeUser('viewer'), ['read']);
  await platform.call(api.createApp, { body: { name: 'myapp' } });
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

function connect(as: As, headers: Record<string, string> = {}): Socket {
  const cookie = typeof as === 'object' && 'session' in as ? { cookie: `molo_session=${as.session}` } : {};
  const auth = typeof as === 'object' && 'token' in as ? { token: as.token } : {};
  const socket = io(platform.url, { transports: ['websocket'], reconnection: false, forceNew: true, auth, extraHeaders: { ...cookie, ...headers } });
  sockets.push(socket);
  return socket;
}

async function connected(as: As): Promise<Socket> {
  const socket = connect(as);
  await waitFor(() => socket.connected, { what: 'the socket to connect' });
  return socket;
}

async function refusal(socket: Socket): Promise<Error & { data?: { code: string } }> {
  return await new Promise((resolve, reject) => {
    socket.on('connect', () => reject(new Error('it was let in')));
    socket.on('connect_error', resolve);
  });
}

const ask = (socket: Socket, topic: object): Promise<{ ok: boolean; problem?: { code: string } }> => socket.emitWithAck('subscribe', topic);

async function push(): Promise<string> {
  const app = await platform.call(api.getApp, { params: { app: 'myapp' } });
  const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
  const { deploymentId } = await platform.app.get(DeploymentsService).push({
    appId: app.ok.id,
    environmentName: 'production',
    commit: { id, subject: 'Change a line', author: 'Ada' },
    treeId: id,
    sourceDigest: `sha256:${'a'.repeat(64)}`,
    sourceBytes: 1000,
    versionTag: null,
    gitRef: '',
    gitOld: '',
    gitNew: '',
    caller: moloItself,
  });
  return deploymentId;
}

describe('a live connection', () => {
  it('is refused to whoever is not signed in', async () => {
    expect((await refusal(connect('anonymous'))).data?.code).toBe('not_signed_in');
    expect((await refusal(connect({ token: 'molo_never' }))).data?.code).toBe('not_signed_in');
    expect((await refusal(connect({ session: 'never' }))).data?.code).toBe('not_signed_in');
  });

  it('is refused to pages of other sites', async () => {
    const session = await platform.makeSession(await platform.makeUser('viewer'));
    await refusal(connect(session, { origin: 'http://evil.example' }));
    const own = connect(session, { origin: platform.url });
    await waitFor(() => own.connected, { what: 'a page of our own to connect' });
  });

  it('ends when its token is revoked or its session is signed out', async () => {
    const user = await platform.makeUser('viewer');
    const [token, session] = [await platform.makeToken(user, ['read']), await platform.makeSession(user)];
    const [byToken, bySession, other] = [await connected(token), await connected(session), await connected(reader)];
    await platform.call(api.revokeToken, { as: token, params: { tokenId: token.id } });
    await waitFor(() => byToken.disconnected, { what: 'the token to be cut off' });
    expect(bySession.connected).toBe(true);
    await platform.call(api.signOut, { as: session, headers: { 'x-molo-csrf': '1' } });
    await waitFor(() => bySession.disconnected, { what: 'the session to be cut off' });
    expect(other.connected).toBe(true);
  });
});

describe('a topic', () => {
  it('tells of changes to apps', async () => {
    const socket = await connected(reader);
    const changes: unknown[] = [];
    socket.on('changed', (change) => changes.push(change));
    expect(await ask(socket, { topic: 'apps' })).toEqual({ ok: true });
    expect(await ask(socket, { topic: 'app', app: 'myapp' })).toEqual({ ok: true });
    await platform.call(api.createApp, { body: { name: 'another' } });
    await platform.call(api.updateApp, { params: { app: 'myapp' }, body: { deployBranch: 'trunk' } });
    await waitFor(() => changes.length === 2, { what: 'both changes' });
    expect(changes).toEqual([{ topic: 'apps' }, { topic: 'app', app: 'myapp' }]);
    await socket.emitWithAck('unsubscribe', { topic: 'apps' });
    await platform.call(api.createApp, { body: { name: 'unseen' } });
    await platform.call(api.updateApp, { params: { app: 'myapp' }, body: { deployBranch: 'main' } });
    await waitFor(() => changes.length === 3, { what: 'the change that is still followed' });
    expect(changes.at(-1)).toEqual({ topic: 'app', app: 'myapp' });
  });

  it('gives the events of a deployment in their order, from the one last seen on', async () => {
    const deploymentId = await push();
    const follow = async (after?: number) => {
      const socket = await connected(reader);
      const events: DeploymentEvent[] = [];
      socket.on('deployment-event', (message: { deploymentId: string; event: DeploymentEvent }) => {
        expect(message.deploymentId).toBe(deploymentId);
        events.push(message.event);
      });
      expect(await ask(socket, { topic: 'deployment', deploymentId, ...(after === undefined ? {} : { after }) })).toEqual({ ok: true });
      return events;
    };
    const events = await follow();
    await waitFor(() => events.length > 0, { what: 'the first event' });
    await platform.call(api.cancelDeployment, { params: { deploymentId } });
    await waitFor(() => events.some((event) => event.kind === 'state' && event.state === 'cancelled'), { what: 'the end', timeoutMs: 20_000 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const rest = await follow(1);
    await waitFor(() => rest.length === events.length - 1, { what: 'the rest' });
    expect(rest[0]?.seq).toBe(2);
  });

  it('that does not exist or makes no sense is refused', async () => {
    const socket = await connected(reader);
    expect(await ask(socket, { topic: 'app', app: 'ghost' })).toMatchObject({ ok: false, problem: { code: 'not_found' } });
    expect(await ask(socket, { topic: 'deployment', deploymentId: randomUUID() })).toMatchObject({ ok: false, problem: { code: 'not_found' } });
    expect(await ask(socket, { topic: 'everything' })).toMatchObject({ ok: false, problem: { code: 'invalid_input' } });
  });

  it('is followed once by a socket that asks again', async () => {
    const deploymentId = await push();
    await platform.call(api.cancelDeployment, { params: { deploymentId } });
    const socket = await connected(reader);
    const seqs: number[] = [];
    socket.on('deployment-event', ({ event }: { event: DeploymentEvent }) => seqs.push(event.seq));
    for (let index = 0; index < 200; index++) await ask(socket, { topic: 'deployment', deploymentId, after: 1000 });
    expect(await ask(socket, { topic: 'deployment', deploymentId })).toEqual({ ok: true });
    await waitFor(() => seqs.length > 1, { what: 'the events' });
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });
});
