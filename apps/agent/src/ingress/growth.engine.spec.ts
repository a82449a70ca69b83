import { afterEach, beforeEach, expect, it } from 'vitest';
import { ingressPaths } from './config.js';
import { HaproxyFixture, silentLog, until } from './fixtures/haproxy.js';
import { ask, Load, openWebSocket } from './fixtures/load.js';
import { addresses, deployment, route } from './fixtures/routes.js';
import { Upstream } from './fixtures/upstream.js';
import { Ingress } from './ingress.js';
import { parseOldWorkers } from './runtime-answers.js';
import { RuntimeSocket } from './runtime-socket.js';

let haproxy: HaproxyFixture;
let ingress: Ingress;

beforeEach(async () => {
  haproxy = await HaproxyFixture.start({ pool: 10 });
  ingress = new Ingress(haproxy.settings, silentLog);
  await ingress.onModuleInit();
});

afterEach(async () => {
  await ingress.onModuleDestroy();
  await haproxy.stop();
});

it('grows ahead of need without a failed request, and knows the connections of before', async () => {
  const app = await Upstream.start('app', (request, response) => void request.resume().on('end', () => response.end('app')));
  const environments = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      route([app], { environmentId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, hosts: [`app${index}.localhost`], countingDeploymentId: index === 0 ? deployment : null }),
    );
  await ingress.apply(environments(5), addresses([app]));
  const before = await haproxy.identity();
  const socket = await openWebSocket(haproxy.port, 'app0.localhost');
  const load = new Load(haproxy.port, 'app0.localhost').start({ get: 4, post: 2, fresh: 1, webSocket: 0 });

  const observed = await ingress.apply(environments(30), addresses([app]));
  expect(observed.every((one) => one.failure === null && one.serving.length === 1)).toBe(true);
  expect(await haproxy.identity()).not.toBe(before);
  for (const host of ['app0.localhost', 'app29.localhost']) expect((await ask(haproxy.port, host)).body).toBe('app');

  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.requests).toBeGreaterThan(20);
  expect(await ingress.traffic()).toMatchObject([{ failed: 0, connectionsDropped: 0 }]);
  expect(await ingress.openConnections(app.id)).toBe(1);
  socket.close();
  const master = new RuntimeSocket(ingressPaths(haproxy.settings.home).masterSocket);
  await until(async () => parseOldWorkers(await master.exchange('show proc')).length === 0);
  await app.stop();
});
