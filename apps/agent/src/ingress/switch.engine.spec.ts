import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HaproxyFixture, silentLog, until } from './fixtures/haproxy.js';
import { Load } from './fixtures/load.js';
import { addresses, deployment, route } from './fixtures/routes.js';
import { Upstream } from './fixtures/upstream.js';
import { Ingress } from './ingress.js';

const switches = 200;

describe('switching under load', () => {
  let haproxy: HaproxyFixture;
  let ingress: Ingress;

  beforeEach(async () => {
    haproxy = await HaproxyFixture.start({ pool: 1000 });
    ingress = new Ingress(haproxy.settings, silentLog);
    await ingress.onModuleInit();
  });

  afterEach(async () => {
    await ingress.onModuleDestroy();
    await haproxy.stop();
  });

  it(`fails no request and drops no WebSocket in ${switches} switches, and the receipt says so`, { timeout: 170_000 }, async () => {
    let old = await Upstream.start('v0', (_, response) => response.end('v0'));
    await ingress.apply([route([old], { release: 1, countingDeploymentId: deployment })], addresses([old]));
    const load = new Load(haproxy.port, 'myapp.localhost').start({ get: 6, post: 4, fresh: 2, webSocket: 4 });
    const tookMs: number[] = [];
    for (let version = 1; version <= switches; version += 1) {
      const name = `v${version}`;
      const next = await Upstream.start(name, (request, response) => void request.resume().on('end', () => response.end(name)));
      const before = performance.now();
      const [observed] = await ingress.apply([route([next], { release: version + 1, countingDeploymentId: deployment })], addresses([next], [old]));
      tookMs.push(performance.now() - before);
      expect(observed).toMatchObject({ serving: [next.id], failure: null });
      await until(async () => (await ingress.openConnections(old.id)) === 0);
      await old.stop();
      old = next;
    }
    const [count] = await ingress.traffic();
    await load.stop();
    await old.stop();
    console.log(`${switches} switches under ${load.requests} requests and ${load.webSockets} WebSockets; median ${median(tookMs).toFixed(1)} ms, longest ${Math.max(...tookMs).toFixed(1)} ms`, count);
    expect(load.failures).toEqual([]);
    expect(load.seen.size).toBeGreaterThan(switches * 0.9);
    expect(count).toMatchObject({ failed: 0, connectionsDropped: 0 });
    expect(count?.requests).toBeGreaterThan(load.requests * 0.9);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
