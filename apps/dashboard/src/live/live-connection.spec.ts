import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeploymentEvent } from '@molo/contracts';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveConnection } from './live-connection';
import type { ClientToServer, ServerToClient } from './topics';

const deploymentId = '75101dcd-fc88-455b-aafc-9e53e0b06689';
const topic = { topic: 'deployment', deploymentId } as const;

function event(seq: number): DeploymentEvent {
  return { kind: 'step', seq, at: '2026-01-01T00:00:00.000Z', step: 'test', text: `step ${seq}` };
}

/** A platform that keeps the events of one deployment. */
class Platform {
  readonly http = createServer();
  readonly io = new Server<ClientToServer, ServerToClient>(this.http);
  readonly told: DeploymentEvent[] = [];
  readonly asked: (number | undefined)[] = [];

  async start(): Promise<string> {
    this.io.on('connection', (socket) => {
      socket.on('subscribe', ({ after, ...asked }, answer) => {
        this.asked.push(after);
        answer({ ok: true });
        void socket.join(asked.topic);
        if (asked.topic === 'deployment') for (const one of this.told.filter(({ seq }) => seq > (after ?? 0))) socket.emit('deployment-event', { deploymentId, event: one });
      });
    });
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  tell(seq: number): void {
    this.told.push(event(seq));
    this.io.to('deployment').emit('deployment-event', { deploymentId, event: event(seq) });
  }
}

describe('the live connection', () => {
  let platform: Platform;
  let connection: LiveConnection;

  beforeEach(async () => {
    platform = new Platform();
    const url = await platform.start();
    connection = new LiveConnection(() => Promise.resolve(io(url, { autoConnect: false, reconnectionDelay: 20, reconnectionDelayMax: 50 })));
  });

  afterEach(async () => {
    connection.close();
    await platform.io.close();
  });

  it('loses no event and takes none twice when it breaks', async () => {
    const seen: number[] = [];
    const states: string[] = [];
    connection.onState(() => connection.readState() !== 'connecting' && states.push(connection.readState()));
    connection.follow(topic, { after: () => seen.at(-1) ?? 0, onEvent: ({ seq }) => seen.push(seq) });
    await vi.waitFor(() => expect(connection.readState()).toBe('connected'));
    platform.tell(1);
    await vi.waitFor(() => expect(seen).toEqual([1]));
    for (const socket of platform.io.of('/').sockets.values()) socket.conn.close();
    platform.tell(2);
    platform.tell(3);
    await vi.waitFor(() => expect(seen).toEqual([1, 2, 3]));
    expect(states).toEqual(['connected', 'reconnecting', 'connected']);
    expect(platform.asked).toEqual([0, 1]);
  });

  it('reads again what may have changed while it was away', async () => {
    const onChanged = vi.fn();
    connection.follow({ topic: 'apps' }, { onChanged });
    await vi.waitFor(() => expect(platform.asked).toHaveLength(1));
    platform.io.to('apps').emit('changed', { topic: 'apps' });
    await vi.waitFor(() => expect(onChanged).toHaveBeenCalledTimes(1));
    for (const socket of platform.io.of('/').sockets.values()) socket.conn.close();
    await vi.waitFor(() => expect(onChanged).toHaveBeenCalledTimes(2));
  });

  it('says when the session has ended', async () => {
    platform.io.use((_, next) => next(Object.assign(new Error('Sign in first.'), { data: { code: 'not_signed_in' } })));
    const onSignedOut = vi.fn();
    connection.onSignedOut(onSignedOut);
    connection.follow({ topic: 'apps' }, {});
    await vi.waitFor(() => expect(onSignedOut).toHaveBeenCalled());
    expect(connection.readState()).toBe('reconnecting');
  });
});
