import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredRoute } from '@molo/contracts';
import { HaproxyFixture, until } from './fixtures/haproxy.js';
import { Upstream } from './fixtures/upstream.js';
import { Ingress } from './ingress.js';
import type { InstanceAddress } from './wish.js';

const environmentId = randomUUID();

function route(serving: readonly Upstream[], over: Partial<DesiredRoute> = {}): DesiredRoute {
  return { environmentId, app: 'myapp', environment: 'production', hosts: ['myapp.localhost'], release: 1, serving: serving.map((one) => one.id), countingDeploymentId: null, ...over };
}

function addresses(...upstreams: readonly Upstream[]): Map<string, InstanceAddress> {
  return new Map(upstreams.map((one) => [one.id, one.address]));
}

describe('Ingress', () => {
  let haproxy: HaproxyFixture;
  let ingress: Ingress;

  beforeEach(async () => {
    haproxy = await HaproxyFixture.start();
    ingress = new Ingress(haproxy.settings);
    await ingress.onModuleInit();
  });

  afterEach(async () => {
    await ingress.onModuleDestroy();
    await haproxy.stop();
  });

  async function get(host: string, init: { path?: string; headers?: Record<string, string> } = {}) {
    const { request } = await import('node:http');
    return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port: haproxy.port, path: init.path ?? '/', agent: false, headers: { host, ...init.headers } }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
      outgoing.on('error', reject).end();
    });
  }

  it('routes a host to the serving instance and takes spoofed headers away', async () => {
    const v1 = await Upstream.start('v1');
    const observed = await ingress.apply([route([v1])], addresses(v1));
    expect(observed).toEqual([{ environmentId, serving: [v1.id], draining: 0, failure: null }]);

    const answer = await get('myapp.localhost:8080', { headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher', 'x-real-ip': '6.6.6.6', forwarded: 'for=6.6.6.6' } });
    const { name, headers } = JSON.parse(answer.body);
    expect(name).toBe('v1');
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'myapp.localhost:8080' });
    expect(headers['x-request-id']).toMatch(/^[0-9A-F]+$/);
    expect(headers).not.toHaveProperty('x-real-ip');
    expect(headers).not.toHaveProperty('forwarded');
    const unusual = await get('MyApp.localhost.:8080', { path: '/a?b=c' });
    expect([unusual.status, unusual.headers['location']]).toEqual([308, `http://myapp.localhost:${haproxy.port}/a?b=c`]);
    await v1.stop();
  });

  it('answers with its own pages where nothing serves', async () => {
    await ingress.apply([route([], { release: null })], new Map());
    const unknown = await get('nowhere.localhost', { headers: { accept: 'text/html' } });
    expect([unknown.status, unknown.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    const json = await get('nowhere.localhost', { headers: { accept: 'application/json' } });
    expect(JSON.parse(json.body)).toMatchObject({ status: 404, code: 'not_found' });
    const idle = await get('myapp.localhost', { headers: { accept: 'text/html' } });
    expect(idle.status).toBe(503);
    expect(idle.body).toContain('Nothing is deployed here yet');
    const platform = await get('molo.localhost');
    expect(platform.status).toBe(503);
    expect(platform.body).toContain('Molo is starting');
  });

  it('comes back by itself with the present state after kill -9', async () => {
    const v1 = await Upstream.start('v1');
    await ingress.apply([route([v1])], addresses(v1));
    await ingress.onModuleDestroy();
    await haproxy.kill();
    expect(JSON.parse((await get('myapp.localhost')).body).name).toBe('v1');
    ingress = new Ingress(haproxy.settings);
    await ingress.onModuleInit();
    await v1.stop();
  });

  it('puts HAProxy right by itself when it came back without what was asked', async () => {
    const [v1, v2] = await Promise.all([Upstream.start('v1'), Upstream.start('v2')]);
    await ingress.apply([route([v1])], addresses(v1));
    await until(async () => (await get('myapp.localhost')).status === 200);
    await ingress.apply([route([v2])], addresses(v1, v2));
    await haproxy.kill();
    await until(async () => JSON.parse((await get('myapp.localhost')).body).name === 'v2');
    await Promise.all([v1.stop(), v2.stop()]);
  });
});
