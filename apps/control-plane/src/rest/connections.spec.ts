import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { api, Problem } from '@molo/contracts';
import { SocketCrowd, waitFor } from '@molo/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestControlPlane } from '../test-control-plane.js';
import type { ConnectionLimits } from './connections.js';

const limits: ConnectionLimits = { headersMs: 500, lookEveryMs: 50, bodyMs: 500 };

let platform: TestControlPlane;
let token: string;
const open: Socket[] = [];

beforeAll(async () => {
  platform = await TestControlPlane.start(limits);
  ({ token } = await platform.makeToken(null, ['read', 'deploy']));
});

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

interface Connection {
  readonly socket: Socket;
  /** All that the platform has said on it. */
  readonly said: () => string;
  /** Whether the platform has closed it. */
  readonly closed: () => boolean;
}

async function opened(...pieces: string[]): Promise<Connection> {
  return await openedTo(platform.url, ...pieces);
}

async function openedTo(url: string, ...pieces: string[]): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  open.push(socket);
  let said = '';
  let isClosed = false;
  socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  socket.on('error', () => (isClosed = true)).on('end', () => (isClosed = true));
  await once(socket, 'connect');
  for (const piece of pieces) socket.write(piece);
  return { socket, said: () => said, closed: () => isClosed };
}

/** Sends a little, again and again, until it is let go. */
async function dribbles(connection: Connection, piece: string): Promise<void> {
  await waitFor(() => {
    if (!connection.closed()) connection.socket.write(piece);
    return connection.closed();
  }, { timeoutMs: 10_000, what: 'the connection to be let go' });
}

function problemIn(answer: string): Problem {
  expect(answer).toMatch(/^content-type: application\/problem\+json/im);
  return Problem.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)));
}

const head = (more: string) => `POST /api/v1/apps HTTP/1.1\r\nHost: molo.localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${more}\r\n`;

describe('a client that takes its time', () => {
  it('is let go when its headers never end', async () => {
    const connection = await opened('GET /api/v1/apps HTTP/1.1\r\nHost: molo.localhost\r\n');
    await dribbles(connection, 'X-A: b\r\n');
    expect(problemIn(connection.said()).code).toBe('request_too_slow');
  });

  it('is let go when it says nothing at all', async () => {
    const connection = await opened();
    await waitFor(() => connection.closed(), { what: 'the connection to be let go' });
  });

  it('is let go when its body never ends', async () => {
    const connection = await opened(head('Content-Length: 100000\r\n'), '{"name":"');
    await dribbles(connection, 'x');
    expect(problemIn(connection.said()).code).toBe('request_too_slow');
  });

  it('is let go when its body goes on after the answer', async () => {
    const connection = await opened(head('Content-Length: 100000\r\n').replace(token, 'molo_wrong'), '{"name":"');
    await dribbles(connection, 'x');
    expect(problemIn(connection.said()).code).toBe('credentials_refused');
  });

  it('may take it while nothing is due from it: a stream is followed for longer than a request may take', async () => {
    await platform.call(api.createApp, { body: { name: 'followed' } });
    const connection = await opened(`GET /api/v1/apps/followed/environments/production/logs?follow=true HTTP/1.1\r\nHost: molo.localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const slow = await opened('GET /');
    await waitFor(() => slow.closed(), { what: 'another connection to be let go' });
    expect(connection.closed()).toBe(false);
  });
});

describe('a request that breaks off', () => {
  it.each([
    ['in its headers', () => 'POST /api/v1/apps HTTP/1.1\r\nHost: mo'],
    ['in its body', () => `${head('Content-Length: 1000\r\n')}{"name":"half`],
    ['in a chunk of its body', () => `${head('Transfer-Encoding: chunked\r\n')}100\r\n{"name":"half`],
  ])('%s ends cleanly, and does nothing', async (_, text) => {
    const before = (await platform.call(api.listApps)).ok.items.length;
    const connection = await opened(text());
    connection.socket.end();
    await waitFor(() => connection.closed(), { what: 'the connection to end' });
    expect((await platform.call(api.listApps)).ok.items.length).toBe(before);
    expect(platform.logLines.filter((line) => line.includes('a request failed'))).toEqual([]);
  });
});

describe('what is no request', () => {
  it.each([
    ['words', 'hello\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000'],
    ['headers without an end', `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['two lengths', 'POST /api/v1/apps HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}'],
    ['a length and chunks', 'POST /api/v1/apps HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a line end in a header', 'GET / HTTP/1.1\r\nX-A: a\rb\r\n\r\n'],
  ])('is refused with a problem: %s', async (_, text) => {
    const connection = await opened(text);
    await waitFor(() => connection.closed(), { what: 'the connection to end' });
    expect(problemIn(connection.said())).toMatchObject({ status: 400, code: 'malformed_request' });
  });
});

describe('ten thousand connections', () => {
  it.each([
    ['say nothing or never end their request', 'GET /api/v1/apps HTTP/1.1\r\nHost: molo.localhost\r\nX-A: b'],
    ['say nothing or open a WebSocket and do not sign in', 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: molo.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'],
  ])('that %s keep nobody else from an answer, take a bounded memory, and go by themselves', async (_, says) => {
    await using patient = await TestControlPlane.start({ ...limits, headersMs: 30_000, lookEveryMs: 500 });
    const viewer = await patient.makeToken(null, ['read']);
    const before = process.memoryUsage.rss();
    using crowd = await SocketCrowd.gather({ port: Number(new URL(patient.url).port), count: 10_000, says });
    expect(crowd.open).toBe(10_000);
    const startedAt = performance.now();
    expect((await patient.call(api.listApps, { as: viewer })).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 1024 ** 2);
    await waitFor(() => crowd.open === 0, { timeoutMs: 60_000, what: 'all to be let go' });
  }, 120_000);
});
