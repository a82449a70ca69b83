import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { AppError } from '@molo/contracts';
import { afterEach, expect, it } from 'vitest';
import type { AgentConfig } from '../config.js';
import { ControlPlaneClient } from './control-plane-client.js';

const nodeToken = 'a-secret-node-token';
const open: { server: Server; client: ControlPlaneClient }[] = [];

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    await client.onModuleDestroy();
    server.closeAllConnections();
    server.close();
  }
});

async function clientOf(answer: RequestListener): Promise<ControlPlaneClient> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const controlPlaneUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new ControlPlaneClient({ controlPlaneUrl, nodeToken } as AgentConfig);
  open.push({ server, client });
  return client;
}

const whole = { nodeId: randomUUID(), generation: 3, instances: [], routes: [], since: null, gone: { instances: [], environments: [] } };

it('says who it is and takes the desired set, then what changed of it, and nothing where nothing did', async () => {
  const client = await clientOf((request, response) => {
    if (request.headers.authorization !== `Bearer ${nodeToken}`) return void response.writeHead(401).end();
    if (request.url === '/agent/v1/desired') return void response.writeHead(200).end(JSON.stringify(whole));
    if (request.url === '/agent/v1/desired?since=3&waitSeconds=0.5') return void response.writeHead(200).end(JSON.stringify({ ...whole, generation: 4, since: 3 }));
    response.writeHead(204).end();
  });
  expect(await client.desired()).toEqual(whole);
  expect(await client.desiredSince(3, 0.5)).toEqual({ ...whole, generation: 4, since: 3 });
  expect(await client.desiredSince(4, 0.5)).toBeNull();
});

it('tries again while the control plane is away, or has no room on its disk', async () => {
  let asked = 0;
  const client = await clientOf((request, response) => {
    asked += 1;
    if (asked === 1) return void request.socket.destroy();
    if (asked === 2) return void response.writeHead(503).end();
    if (asked === 3) return void response.writeHead(507).end(JSON.stringify(new AppError('storage_full', { detail: 'Make room.' }).toProblem()));
    response.writeHead(204).end();
  });
  await client.reportBuild(randomUUID(), { state: 'building' });
  expect(asked).toBe(4);
});

it("throws the control plane's own problem, once", async () => {
  let asked = 0;
  const client = await clientOf((_request, response) => {
    asked += 1;
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(new AppError('not_found', { detail: 'There is no such build.' }).toProblem()));
  });
  await expect(client.buildOrder(randomUUID())).rejects.toMatchObject({ code: 'not_found', detail: 'There is no such build.' });
  expect(asked).toBe(1);
});

it('throws an error that says so when the answer is nothing it understands', async () => {
  const client = await clientOf((_request, response) => response.writeHead(200).end('<html>'));
  await expect(client.desired()).rejects.toMatchObject({ code: 'internal', detail: expect.stringContaining('one version') });
});

it('stops trying when it is told to, and never shows its token', async () => {
  const client = await clientOf((_request, response) => response.writeHead(503).end());
  const stop = new AbortController();
  const asking = client.buildOrder(randomUUID(), stop.signal);
  stop.abort();
  const error = await asking.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(inspect(error, { depth: 10 })).not.toContain(nodeToken);
});
