import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { checkOnce, HealthProbe } from './health-probe.js';

let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => response.writeHead(request.url === '/health' ? 204 : 500).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

describe('a health check', () => {
  it('is passed by 2xx and told with the status otherwise', async () => {
    expect(await checkOnce({ kind: 'http', path: '/health', port }, '127.0.0.1', 'myapp.localhost', 1000)).toBeNull();
    expect(await checkOnce({ kind: 'http', path: '/', port }, '127.0.0.1', 'myapp.localhost', 1000)).toBe('it answered 500');
  });

  it('of a path that no request can carry is failed, and ends nothing', async () => {
    const health = { check: { kind: 'http' as const, path: '/a b', port }, intervalSeconds: 0.05, timeoutSeconds: 1, startSeconds: 1 };
    const probe = new HealthProbe(health, '127.0.0.1', 'myapp.localhost', () => undefined);
    await waitFor(() => probe.result !== null, { timeoutMs: 5000, what: 'the first answer' });
    expect(probe.result).toEqual({ healthy: false, answer: 'no request can carry the path' });
    probe.stop();
  });
});
