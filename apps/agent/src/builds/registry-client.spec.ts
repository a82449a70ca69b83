import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AppError } from '@molo/contracts';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RegistryClient } from './registry-client.js';

let server: Server;
let host: string;
let asked: string[];
let lifetimeSeconds: number;
let status: number;
let isCut: boolean;

/* Plays a registry and its token endpoint: which requests are made is what these tests are about. */
beforeEach(async () => {
  asked = [];
  lifetimeSeconds = 300;
  status = 200;
  isCut = false;
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', `http://${host}`);
    asked.push(pathname);
    if (pathname === '/registry/token') {
      const isNode = request.headers.authorization === `Basic ${Buffer.from('node:sesame').toString('base64')}`;
      response.writeHead(isNode ? 200 : 401).end(JSON.stringify({ token: `for ${searchParams.get('service')} ${searchParams.get('scope')}`, expires_in: lifetimeSeconds }));
    } else if (request.headers.authorization === 'Bearer for molo repository:app:pull,push') {
      if (isCut) response.writeHead(200, { 'content-length': 100 }).write('content', () => response.destroy());
      else response.writeHead(status).end('content');
    } else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/registry/token",service="molo",scope="repository:app:pull"` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => server.close());

const client = (password = 'sesame') => new RegistryClient({ host, insecure: true, credentials: { username: 'node', password }, dispatcher: new Agent() });
const { signal } = new AbortController();
const read = async (registry: RegistryClient) => text(await registry.blob('app', 'sha256:0', signal));
const blobPath = '/v2/app/blobs/sha256:0';
const codeOf = (promise: Promise<unknown>) => promise.then(() => 'no error', (error: unknown) => (error as AppError).code);

describe('asking the registry', () => {
  it('takes one token for many requests', async () => {
    const registry = client();
    expect([await read(registry), await read(registry), await read(registry)]).toEqual(['content', 'content', 'content']);
    expect(asked).toEqual([blobPath, '/registry/token', blobPath, blobPath, blobPath]);
  });

  it('takes a new token before one ends', async () => {
    lifetimeSeconds = 10;
    const registry = client();
    await read(registry);
    await read(registry);
    expect(asked.filter((path) => path === '/registry/token')).toHaveLength(2);
  });

  it('takes no manifest or config whose content is not what its digest says', async () => {
    const registry = client();
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await codeOf(registry.manifest('app', digest, signal))).toBe('blob_damaged');
    expect(await codeOf(registry.imageConfig('app', digest, signal))).toBe('blob_damaged');
  });

  it('tells a registry that is away or ailing from one that refuses', async () => {
    expect(await codeOf(read(client('wrong')))).toBe('internal');
    isCut = true;
    expect(await codeOf(read(client()))).toBe('unavailable');
    isCut = false;
    status = 503;
    expect(await codeOf(read(client()))).toBe('unavailable');
    server.close();
    server.closeAllConnections();
    expect(await codeOf(read(client()))).toBe('unavailable');
  });
});
