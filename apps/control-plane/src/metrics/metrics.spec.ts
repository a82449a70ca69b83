import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, type NodeFigures } from '@molo/contracts';
import { TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;

beforeAll(async () => {
  platform = await TestControlPlane.start();
  await platform.call(api.createApp, { body: { name: 'counted' } });
  const [environment] = await platform.dataSource.query<{ id: string }[]>('select id from environments');
  const counted = { environmentId: environment?.id ?? '', requests: 40, responses5xx: 2, connectionErrors: 1, openConnections: 3, bytesIn: 100, bytesOut: 2000 };
  const figures: Partial<NodeFigures> = { at: '2026-01-02T03:04:05.000Z', environments: [counted] };
  await platform.dataSource.query('update nodes set figures = $1', [JSON.stringify(figures)]);
  await platform.dataSource.query(
    `insert into nodes (id, name, token_hash, roles, figures) values (gen_random_uuid(), 'second', 'x', '{ingress}', $1)`,
    [JSON.stringify({ ...figures, at: '2026-01-02T03:04:06.000Z' })],
  );
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

describe('the figures of an environment', () => {
  it('are the sum of what all nodes counted', async () => {
    const { ok } = await platform.call(api.getFigures, { params: { app: 'counted', environment: 'production' } });
    expect(ok).toEqual({ requests: 80, responses5xx: 4, connectionErrors: 2, openConnections: 6, bytesIn: 200, bytesOut: 4000, at: '2026-01-02T03:04:06.000Z' });
  });
});

describe('/metrics', () => {
  it('gives Prometheus the requests of each app, the deployments by state and the process itself', async () => {
    const reader = await platform.makeToken(await platform.makeUser('viewer'), ['read']);
    const { status, headers, text } = await platform.send('GET', '/metrics', { as: reader });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(text).toContain('molo_requests_total{app="counted",environment="production"} 80');
    expect(text).toContain('# TYPE molo_deployments gauge');
    expect(text).toMatch(/process_resident_memory_bytes \d+/);
  });

  it('is closed to whoever is not signed in, on loopback too, and to those who may not read on the platform', async () => {
    expect((await platform.send('GET', '/metrics', { as: 'anonymous' })).status).toBe(401);
    const member = await platform.makeToken(await platform.makeUser('member'), ['read']);
    const { status, text } = await platform.send('GET', '/metrics', { as: member });
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([403, 'forbidden']);
  });
});
