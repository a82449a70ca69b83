import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BuildOrder } from '@molo/contracts';
import Docker from 'dockerode';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AppPlan } from '../source/app-plan.js';
import { BuildLog } from './build-log.js';
import { madeImage } from './made-image.js';
import { RegistryClient } from './registry-client.js';
import { storeImage } from './stored-image.js';

const config = JSON.stringify({ rootfs: { diff_ids: ['sha256:layer'] }, history: [{ created_by: 'COPY . /app' }] });
const manifest = JSON.stringify({ config: { digest: digestOf(config), size: 100 }, layers: [{ digest: 'sha256:blob', size: 900 }] });
const answers: Readonly<Record<string, string>> = {
  'GET /images/sha256:made/json': JSON.stringify({ Id: 'sha256:made', Config: { Cmd: ['/app/server'] } }),
  'GET /images/molo/stack:debian-12/json': JSON.stringify({ Id: 'sha256:stack' }),
  'POST /images/localhost:5000/myapp/push': `${JSON.stringify({ aux: { Digest: digestOf(manifest) } })}\n`,
  [`GET /v2/myapp/manifests/${digestOf(manifest)}`]: manifest,
  [`GET /v2/myapp/blobs/${digestOf(config)}`]: config,
  'PUT /v2/myapp/manifests/1.0': '',
};
const order = { id: 'b1', app: 'myapp', imageRepository: 'localhost:5000/myapp', tags: ['1.0'] } as unknown as BuildOrder;
const plan = {
  manifest: { builder: 'dockerfile', processes: { web: { command: null } } },
  image: { dockerfile: 'Dockerfile', base: 'scratch', layerKinds: [], stacks: ['debian-12'] },
} as unknown as AppPlan;
const { signal } = new AbortController();
let server: Server;
let docker: Docker;
let registry: RegistryClient;
let asked: string[];

/* Plays an engine and a registry each of which breaks off whatever it is asked for the first time. */
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => answer(`${request.method} ${new URL(request.url ?? '', 'http://any').pathname}`, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  docker = new Docker({ protocol: 'http', host: '127.0.0.1', port });
  registry = new RegistryClient({ host: `127.0.0.1:${port}`, insecure: true, credentials: undefined, dispatcher: new Agent() });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function answer(question: string, response: ServerResponse): void {
  const isFirst = !asked.includes(question);
  asked.push(question);
  const text = answers[question];
  // As the engine answers what is no name.
  if (question.includes('$')) response.writeHead(400).end('{}');
  else if (text === undefined) response.writeHead(404).end('{}');
  else if (isFirst) response.destroy();
  else response.end(text);
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

it('asks an engine again that dies after it has built', async () => {
  expect(await madeImage(docker, plan, 'sha256:made', signal)).toMatchObject({ imageId: 'sha256:made', stackImageId: 'sha256:stack' });
});

it('stores an image though engine and registry die at each step of it', async () => {
  const log = new BuildLog({ buildId: 'b1', deploymentId: 'd1', attempt: '1', secrets: [], send: async () => undefined });
  const made = { imageId: 'sha256:made', manifest: plan.manifest, stackImageId: null };
  expect(await storeImage({ docker, registry, log }, order, plan, made, undefined, signal)).toMatchObject({ digest: digestOf(manifest), bytes: 1000, layers: [{ diffId: 'sha256:layer', bytes: 900 }] });
  expect(asked).toContain('PUT /v2/myapp/manifests/1.0');
});

it('does not wait for a base whose name the engine does not understand', async () => {
  const log = new BuildLog({ buildId: 'b1', deploymentId: 'd1', attempt: '1', secrets: [], send: async () => undefined });
  const made = { imageId: 'sha256:made', manifest: plan.manifest, stackImageId: null };
  const ofVariable = { ...plan, image: { ...plan.image, base: 'base-${TARGETARCH}' } } as AppPlan;
  expect(await storeImage({ docker, registry, log }, order, ofVariable, made, undefined, signal)).toMatchObject({ digest: digestOf(manifest) });
  expect(asked.filter((question) => question.includes('$'))).toHaveLength(1);
});
