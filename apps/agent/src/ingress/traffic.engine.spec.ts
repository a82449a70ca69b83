import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrafficCount } from '@molo/contracts';
import { ingressPaths } from './config.js';
import { AppProcess } from './fixtures/app-process.js';
import { HaproxyFixture, silentLog, until } from './fixtures/haproxy.js';
import { ask, firstBytes, openWebSocket } from './fixtures/load.js';
import { addresses, deployment, environment, route } from './fixtures/routes.js';
import { Ingress } from './ingress.js';

const host = 'myapp.localhost';

describe('a receipt', () => {
  let haproxy: HaproxyFixture;
  let ingress: Ingress;
  let app: AppProcess;

  beforeEach(async () => {
    haproxy = await HaproxyFixture.start();
    ingress = await startIngress();
    app = await AppProcess.start();
    await count();
  });

  afterEach(async () => {
    await ingress.onModuleDestroy();
    await app.kill();
    await haproxy.stop();
  });

  async function startIngress(): Promise<Ingress> {
    const started = new Ingress(haproxy.settings, silentLog);
    await started.onModuleInit();
    return started;
  }

  async function count(deploymentId: string | null = deployment): Promise<void> {
    await ingress.apply([route([app], { countingDeploymentId: deploymentId })], addresses([app]));
  }

  /** Once HAProxy is through with everything but `open` WebSockets: it counts a request as it ends. */
  async function receipt(open = 0): Promise<TrafficCount | undefined> {
    await holds(open);
    return (await ingress.traffic())[0];
  }

  const get = (path: string, agent?: Agent) => ask(haproxy.port, host, { path, ...(agent ? { agent } : {}) });
  /** Resolves when the app holds this many requests or WebSockets. */
  const holds = (connections: number) => until(async () => (await ingress.openConnections(app.id)) === connections);

  it('counts requests, and nothing else when all goes well', async () => {
    await get('/');
    await ask(haproxy.port, host, { method: 'POST', body: 'x' });
    const socket = await openWebSocket(haproxy.port, host);
    socket.close();
    await once(socket, 'close');
    expect(await receipt()).toMatchObject({ deploymentId: deployment, environmentId: environment, requests: 3, failed: 0, connectionsDropped: 0 });
  });

  it('counts an answer of 5xx as failed', async () => {
    await get('/500');
    expect(await receipt()).toMatchObject({ requests: 1, failed: 1, connectionsDropped: 0 });
  });

  it('counts an answer that broke off as failed and its connection as dropped', async () => {
    const response = await firstBytes(haproxy.port, host, '/partial');
    await Promise.all([once(response, 'error'), app.kill()]);
    expect(await receipt()).toMatchObject({ requests: 1, failed: 1, connectionsDropped: 1 });
  });

  it('counts a request that was waiting when its instance was killed as failed', async () => {
    const waiting = get('/hang');
    await holds(1);
    await app.kill();
    expect((await waiting).status).toBe(502);
    expect(await receipt()).toMatchObject({ requests: 1, failed: 1, connectionsDropped: 0 });
  });

  it('counts a request on a kept-alive connection that is closed without an answer as failed and dropped', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await get('/', agent);
    const waiting = expect(get('/hang', agent)).rejects.toThrow();
    await holds(1);
    await app.kill();
    await waiting;
    expect(await receipt()).toMatchObject({ requests: 2, failed: 1, connectionsDropped: 1 });
  });

  it('counts WebSockets that an instance took with it as dropped', async () => {
    const sockets = await Promise.all([1, 2, 3].map(() => openWebSocket(haproxy.port, host)));
    await holds(3);
    await Promise.all([app.kill(), ...sockets.map((socket) => once(socket, 'close'))]);
    await ingress.markDown(app.id);
    expect(await receipt()).toMatchObject({ requests: 3, failed: 0, connectionsDropped: 3 });
  });

  it('does not count what a client gives up', async () => {
    const socket = await openWebSocket(haproxy.port, host);
    await holds(1);
    socket.terminate();
    const leaving = new AbortController();
    const left = fetch(`http://127.0.0.1:${haproxy.port}/slow`, { headers: { host }, signal: leaving.signal }).catch(() => null);
    leaving.abort();
    await left;
    expect(await receipt()).toMatchObject({ failed: 0, connectionsDropped: 0 });
  });

  it('knows the slowest answer of its own time only', async () => {
    await get('/slow');
    expect((await receipt())?.slowestMs).toBeGreaterThanOrEqual(295);
    await count('0c7d4f0e-53c5-4e0e-8f39-53b40a31f1b3');
    await get('/');
    expect((await receipt())?.slowestMs).toBeLessThan(250);
  });

  it('goes on after the agent was started again', async () => {
    await get('/500');
    await ingress.onModuleDestroy();
    await get('/500');
    ingress = await startIngress();
    await count();
    await get('/');
    expect(await receipt()).toMatchObject({ requests: 3, failed: 2 });
  });

  it('goes on after HAProxy was killed, and counts the WebSockets that this cut', async () => {
    await get('/500');
    const socket = await openWebSocket(haproxy.port, host);
    expect(await receipt(1)).toMatchObject({ requests: 2, failed: 1, connectionsDropped: 0 });
    await Promise.all([once(socket, 'close'), haproxy.kill()]);
    await until(async () => (await get('/')).status === 200);
    const after = await receipt();
    expect(after).toMatchObject({ failed: 1, connectionsDropped: 1 });
    expect(after?.requests).toBeGreaterThanOrEqual(3);
  });

  it('counts what a HAProxy that was killed had open, of an instance that drained too', async () => {
    const socket = await openWebSocket(haproxy.port, host);
    const waiting = expect(get('/hang')).rejects.toThrow();
    await holds(2);
    const next = await AppProcess.start();
    try {
      await ingress.apply([route([next], { countingDeploymentId: deployment })], addresses([next], [app]));
      await ingress.traffic();
      await until(async () => !(await readFile(ingressPaths(haproxy.settings.home).serversMap, 'utf8')).includes(app.id));
      await Promise.all([once(socket, 'close'), waiting, haproxy.kill()]);
      await until(async () => (await get('/')).status === 200);
      expect((await ingress.traffic())[0]).toMatchObject({ failed: 1, connectionsDropped: 2 });
    } finally {
      await next.kill();
    }
  });

  it('goes on, and so do switches, where the ledger cannot be written', async () => {
    const { trafficLedger } = ingressPaths(haproxy.settings.home);
    await rm(trafficLedger);
    await mkdir(join(trafficLedger, 'in the way'), { recursive: true });
    expect(await ingress.apply([route([app])], addresses([app]))).toMatchObject([{ serving: [app.id], failure: null }]);
    await count();
    await get('/');
    expect(await receipt()).toMatchObject({ requests: 1, failed: 0 });
  });

  it('ends with its deployment, while the figures go on and never fall', async () => {
    await get('/');
    await count(null);
    expect(await ingress.traffic()).toEqual([]);
    await holds(0);
    const before = (await ingress.figures())[0];
    expect(before).toMatchObject({ environmentId: environment, requests: 1 });
    await haproxy.kill();
    await until(async () => (await get('/')).status === 200);
    expect((await ingress.figures())[0]?.requests).toBeGreaterThanOrEqual(2);
  });
});
