import { SocketCrowd, waitFor } from '@molo/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HaproxyFixture } from './fixtures/haproxy.js';

let haproxy: HaproxyFixture;

beforeAll(async () => {
  haproxy = await HaproxyFixture.start();
});
afterAll(async () => {
  await haproxy.stop();
});

it('serves others while one address opens ten thousand connections that say nothing or never end their request', async () => {
  using crowd = await SocketCrowd.gather({ port: haproxy.port, count: 10_000, from: '127.0.0.2', says: 'GET / HTTP/1.1\r\nHost: a.localhost\r\nX-A: b' });
  expect(crowd.open).toBeGreaterThan(5000);
  const startedAt = performance.now();
  expect((await fetch(`http://127.0.0.1:${haproxy.port}/`, { headers: { host: 'nobody.localhost' } })).status).toBe(404);
  expect(performance.now() - startedAt).toBeLessThan(2000);
  await waitFor(() => crowd.open === 0, { timeoutMs: 60_000, what: 'all to be let go' });
});
