import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { DockerEngine } from './docker-engine.js';
import { EnvironmentNetworks } from './environment-networks.js';

it('says why an image could not be fetched that the engine began to fetch', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'molo-engine-'));
  // As dockerd does: its answer is a success by the time that a layer turns out to be another than was asked for.
  const server = createServer((_, response) => response.end('{"status":"Pulling fs layer"}\n{"errorDetail":{"message":"filesystem layer verification failed"},"error":"filesystem layer verification failed"}\n'));
  const socket = join(folder, 'docker.sock');
  await once(server.listen(socket), 'listening');
  const engine = new DockerEngine({ dockerSocket: socket }, pino({ level: 'silent' }));
  await expect(engine.pull('localhost:1/myapp@sha256:0', { username: 'node', password: 'x' })).rejects.toMatchObject({ code: 'image_pull_failed', detail: expect.stringContaining('filesystem layer verification failed') as string });
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('takes an engine that dies while a network is made for one that is away, and for no fault of the instance', async () => {
  const log = pino({ level: 'silent' });
  const networks = new EnvironmentNetworks(new DockerEngine({ dockerSocket: '/nowhere/docker.sock' }, log), { networkPool: '10.214.0.0/20' }, log);
  await expect(networks.ensure('node', { app: 'shop', environment: 'production', environmentId: 'e1' })).rejects.toMatchObject({ code: 'unavailable' });
});
