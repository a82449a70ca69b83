import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { httpStatus, statusIn } from './http-check.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: (socket: Socket, request: string) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request) => answer(socket, request.toString('latin1')));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const ask = (port: number, timeoutMs = 5000) => httpStatus({ address: '127.0.0.1', port, path: '/health?deep=1', host: 'myapp.localhost' }, timeoutMs);

describe('asking for a status', () => {
  it('says what is asked for, under which name, and that the connection ends', async () => {
    let asked = '';
    const port = await serve((socket, request) => {
      asked = request;
      socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    });
    expect(await ask(port)).toBe(204);
    expect(asked.split('\r\n')).toEqual(expect.arrayContaining(['GET /health?deep=1 HTTP/1.1', 'host: myapp.localhost', 'connection: close']));
    expect(asked.endsWith('\r\n\r\n')).toBe(true);
  });

  it('waits for a status line that comes in pieces, and for the answer after one that says that it is on its way', async () => {
    const port = await serve((socket) => {
      socket.setNoDelay(true).write('HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n');
      setImmediate(() => {
        socket.write('\r\nHTTP/1.1 50');
        setImmediate(() => socket.write('3 Service Unavailable\r\n'));
      });
    });
    expect(await ask(port)).toBe(503);
  });

  it('ends at its time when nothing comes, and says so where what comes is no answer', async () => {
    await expect(ask(await serve(() => undefined), 50)).rejects.toThrow('no answer within 0.05 s');
    await expect(ask(await serve((socket) => socket.end('220 mail.example ESMTP\r\n')))).rejects.toThrow('what it answered is not HTTP');
    await expect(ask(await serve((socket) => socket.end()))).rejects.toThrow('it closed the connection without an answer');
    await expect(ask(await serve((socket) => socket.write('x'.repeat(40_000))))).rejects.toThrow('what it answered is not HTTP');
  });

  it('lets no path write a request of its own', async () => {
    await expect(httpStatus({ address: '127.0.0.1', port: 1, path: '/ HTTP/1.1\r\nhost: other\r\n\r\n', host: 'myapp.localhost' }, 50)).rejects.toThrow('no request can carry the path');
  });
});

describe('a status', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\n', 200],
    ['HTTP/1.0 301\n', 301],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n', 200],
    ['HTTP/1.1 101 Switching Protocols\r\n', 101],
    ['HTTP/1.1 200', null],
    ['HTTP/1.1 100 Continue\r\n', null],
  ])('of %j is %j', (text, status) => {
    expect(statusIn(text)).toBe(status);
  });

  it.each(['HTTP/2 200\r\n', 'HTTP/1.1 2000 OK\r\n', 'SSH-2.0-OpenSSH\r\n', '\r\n'])('is not in %j', (text) => {
    expect(statusIn(text)).toBeInstanceOf(Error);
  });
});
