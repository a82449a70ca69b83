import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import Docker from 'dockerode';
import { expect, it } from 'vitest';
import { ensureStack } from './stack-image.js';

it('has what there is while a stack is made where it goes with the next start, should this agent be killed', async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'molo-stack-'));
  const workFolder = join(cacheFolder, 'work');
  // Plays an engine that has no stack.
  const server = createServer((_, response) => response.writeHead(404).end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const docker = new Docker({ protocol: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  try {
    const made = ensureStack(docker, 'debian-12', { cacheFolder, workFolder, mirror: 'http://127.0.0.1:1' }, () => undefined);
    made.catch(() => undefined);
    await waitFor(async () => (await readdir(workFolder)).some((name) => name.startsWith('stack-status-')), { what: 'the beginning of a stack' });
    expect(await readdir(cacheFolder)).toEqual(['work']);
    await expect(made).rejects.toMatchObject({ code: 'base_image_unavailable' });
  } finally {
    server.close();
    await rm(cacheFolder, { recursive: true, force: true });
  }
});
