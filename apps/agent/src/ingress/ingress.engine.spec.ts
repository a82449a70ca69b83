import { EventEmitter, once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, HaproxyFixture, silentLog, until } from './fixtures/haproxy.js';
import { ask, openWebSocket } from './fixtures/load.js';
import { addresses, environment, route } from './fixtures/routes.js';
import { Upstream } from './fixtures/upstream.js';
import { Ingress } from './ingress.js';
import { parseServersState } from './runtime-answers.js';

describe('Ingress', () => {
  let haproxy: HaproxyFixture;
  let ingress: Ingress;

  beforeEach(async () => {
    haproxy = await HaproxyFixture.start();
    ingress = new Ingress(haproxy.settings, silentLog);
    await ingress.onModuleInit();
  });

  afterEach(async () => {
    await ingress.onModuleDestroy();
    await haproxy.stop();
  });

  const get = (host: string, options: { path?: string; headers?: Record<string, string> } = {}) => ask(haproxy.port, host, options);
  const servedBy = async (host: string) => JSON.parse((await get(host)).body).name as string;

  it('routes a host to the serving instance and takes spoofed headers away', async () => {
    const v1 = await Upstream.start('v1');
    const observed = await ingress.apply([route([v1])], addresses([v1]));
    expect(observed).toEqual([{ environmentId: environment, serving: [v1.id], draining: 0, failure: null }]);

    const answer = await get('myapp.localhost:8080', { headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher', 'x-real-ip': '6.6.6.6', 'x-forwarded-host': 'evil', forwarded: 'for=6.6.6.6', 'x-request-id': '6' } });
    const { name, headers } = JSON.parse(answer.body);
    expect(name).toBe('v1');
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', host: 'myapp.localhost:8080' });
    expect(headers['x-request-id']).toMatch(/^\d+-\d+-\d+$/);
    expect(headers).not.toHaveProperty('x-forwarded-host');
    expect(headers).not.toHaveProperty('x-real-ip');
    expect(headers).not.toHaveProperty('forwarded');
    const { headers: passed } = JSON.parse((await get('myapp.localhost:8080', { headers: { x_forwarded_for: '6.6.6.6', 'x-forwarded_for': '6.6.6.6', 'X_Forwarded-Proto': 'gopher', X_Real_IP: '6.6.6.6', 'True-Client-IP': '6.6.6.6', 'X_REQUEST_ID': '6-6-6', Forwarded: 'for=6.6.6.6', x_own: 'stays', 'X-Request-Identity': 'stays', 'Forwarded-By': 'stays' } })).body);
    expect(JSON.stringify(passed)).not.toMatch(/6\.6\.6\.6|gopher/);
    expect(passed).toMatchObject({ 'x-forwarded-for': '127.0.0.1', x_own: 'stays', 'x-request-identity': 'stays', 'forwarded-by': 'stays' });
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
    await ingress.apply([route([v1])], addresses([v1]));
    await ingress.onModuleDestroy();
    await haproxy.kill();
    expect(await servedBy('myapp.localhost')).toBe('v1');
    ingress = new Ingress(haproxy.settings, silentLog);
    await ingress.onModuleInit();
    await v1.stop();
  });

  it('loads new settings that could be written only later, whichever writer came first', async () => {
    const v1 = await Upstream.start('v1');
    await ingress.apply([route([v1])], addresses([v1]));
    await ingress.onModuleDestroy();
    const settings = { ...haproxy.settings, httpPort: await freePort(), haproxy: '/bin/false' };
    ingress = new Ingress(settings, silentLog);
    await ingress.onModuleInit();
    await ingress.apply([route([v1])], addresses([v1]));
    settings.haproxy = haproxy.settings.haproxy;
    await until(() => ask(settings.httpPort, 'myapp.localhost').then(({ status }) => status === 200));
    await v1.stop();
  });

  it('adopts what runs when the agent starts again, and changes nothing', async () => {
    const [v1, v2] = await Promise.all([Upstream.start('v1'), Upstream.start('v2')]);
    await ingress.apply([route([v1])], addresses([v1]));
    await ingress.apply([route([v2], { release: 2 })], addresses([v2], [v1]));
    const state = () => haproxy.socket.send(['show servers state pool-0001']).then(([text = '']) => parseServersState(text));
    const before = await state();
    await ingress.onModuleDestroy();
    ingress = new Ingress(haproxy.settings, silentLog);
    await ingress.onModuleInit();
    expect(await ingress.openConnections(v1.id)).toBe(0);
    expect(await ingress.apply([route([v2], { release: 2 })], addresses([v2], [v1]))).toMatchObject([{ serving: [v2.id], failure: null }]);
    expect(await state()).toEqual(before);
    expect(before.map((server) => server.state)).toEqual(['drain', 'ready', ...Array.from({ length: 6 }, () => 'maint')]);
    await Promise.all([v1.stop(), v2.stop()]);
  });

  it('lets WebSockets and requests under way end where they began', async () => {
    const gate = new EventEmitter();
    const v1 = await Upstream.start('v1', (_, response) => void gate.once('open', () => response.end('from v1')));
    const v2 = await Upstream.start('v2');
    await ingress.apply([route([v1])], addresses([v1]));
    const socket = await openWebSocket(haproxy.port, 'myapp.localhost');
    const underWay = get('myapp.localhost');
    await until(async () => (await ingress.openConnections(v1.id)) === 2);

    expect(await ingress.apply([route([v2])], addresses([v2], [v1]))).toMatchObject([{ serving: [v2.id], draining: 2 }]);
    expect(await servedBy('myapp.localhost')).toBe('v2');
    socket.send('still there?');
    const [heard] = (await once(socket, 'message')) as [Buffer];
    expect(heard.toString()).toBe('v1:still there?');
    gate.emit('open');
    expect((await underWay).body).toBe('from v1');
    await until(async () => (await ingress.openConnections(v1.id)) === 1);
    socket.close();
    await until(async () => (await ingress.openConnections(v1.id)) === 0);
    await Promise.all([v1.stop(), v2.stop()]);
  });

  it('sends nothing to an instance that left, not over a connection that was kept either', async () => {
    const [v1, v2] = await Promise.all([Upstream.start('v1'), Upstream.start('v2')]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask20 = async () => {
      for (let index = 0; index < 20; index += 1) await ask(haproxy.port, 'myapp.localhost', { agent });
    };
    await ingress.apply([route([v1])], addresses([v1]));
    await ask20();
    await ingress.apply([route([v2])], addresses([v2], [v1]));
    const before = v1.requests;
    await ask20();
    expect([v1.requests, v2.requests]).toEqual([before, 20]);
    agent.destroy();
    await Promise.all([v1.stop(), v2.stop()]);
  });

  it('speaks no HTTP/2 in the clear', async () => {
    const preface = connect(haproxy.port, '127.0.0.1');
    preface.end('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const [answer] = (await once(preface, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 400 /);
  });

  it('asks another instance when one refuses, POST too', async () => {
    const [dead, alive] = await Promise.all([Upstream.start('dead'), Upstream.start('alive')]);
    await ingress.apply([route([dead, alive])], addresses([dead, alive]));
    await dead.stop();
    for (let index = 0; index < 20; index += 1) {
      const answer = await ask(haproxy.port, 'myapp.localhost', { method: 'POST', body: 'once' });
      expect(JSON.parse(answer.body)).toMatchObject({ name: 'alive', body: 'once' });
    }
    await alive.stop();
  });

  it('sends nothing to an instance that is said to be down, until it is wanted again', async () => {
    const [one, two] = await Promise.all([Upstream.start('one'), Upstream.start('two')]);
    await ingress.apply([route([one, two])], addresses([one, two]));
    await ingress.markDown(one.id);
    for (let index = 0; index < 10; index += 1) expect(await servedBy('myapp.localhost')).toBe('two');
    await ingress.apply([route([one, two])], addresses([one, two]));
    await ingress.markDown(two.id);
    expect(await servedBy('myapp.localhost')).toBe('one');
    await Promise.all([one.stop(), two.stop()]);
  });

  it('takes more instances than it has slots, and gives them up again', async () => {
    const many = await Promise.all(Array.from({ length: 12 }, (_, index) => Upstream.start(`m${index}`)));
    const [observed] = await ingress.apply([route(many)], addresses(many));
    expect(observed?.serving).toHaveLength(12);
    const seen = new Set<string>();
    for (let index = 0; index < 48; index += 1) seen.add(await servedBy('myapp.localhost'));
    expect(seen.size).toBe(12);
    await ingress.onModuleDestroy();
    await haproxy.kill();
    ingress = new Ingress(haproxy.settings, silentLog);
    await ingress.onModuleInit();
    expect((await ingress.apply([route(many)], addresses(many)))[0]?.serving).toHaveLength(12);
    await ingress.apply([route(many.slice(0, 1))], addresses(many.slice(0, 1)));
    await Promise.all(many.slice(1).map((one) => one.stop()));
    expect(await servedBy('myapp.localhost')).toBe('m0');
    await many[0]?.stop();
  });

  it('moves a host between environments, and frees what an environment had', async () => {
    const [a, b] = await Promise.all([Upstream.start('a'), Upstream.start('b')]);
    const other = { environmentId: '6f1c1a55-8c1f-4a55-9f60-2f8d6ad0d9a2', app: 'other' };
    await ingress.apply([route([a]), route([b], { ...other, hosts: ['other.localhost'] })], addresses([a, b]));
    expect(await servedBy('other.localhost')).toBe('b');
    await ingress.apply([route([a], { hosts: [] }), route([b], { ...other, hosts: ['other.localhost', 'myapp.localhost'] })], addresses([a, b]));
    expect(await servedBy('myapp.localhost')).toBe('b');
    await ingress.apply([route([a])], addresses([a]));
    expect(await servedBy('myapp.localhost')).toBe('a');
    expect((await get('other.localhost')).status).toBe(404);
    expect((await ingress.figures()).map((figures) => figures.environmentId)).toEqual([environment]);
    await Promise.all([a.stop(), b.stop()]);
  });

  it('says of an instance without an address that it does not serve, and keeps the others', async () => {
    const [one, lost] = await Promise.all([Upstream.start('one'), Upstream.start('lost')]);
    const [observed] = await ingress.apply([route([one, lost])], addresses([one]));
    expect(observed).toMatchObject({ serving: [one.id], failure: null });
    await Promise.all([one.stop(), lost.stop()]);
  });

  it('puts HAProxy right by itself when it came back without what was asked', async () => {
    const [v1, v2] = await Promise.all([Upstream.start('v1'), Upstream.start('v2')]);
    await ingress.apply([route([v1])], addresses([v1]));
    await until(async () => (await get('myapp.localhost')).status === 200);
    await ingress.apply([route([v2])], addresses([v2], [v1]));
    await haproxy.kill();
    await until(async () => (await servedBy('myapp.localhost')) === 'v2');
    await Promise.all([v1.stop(), v2.stop()]);
  });
});
