import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureStack } from './stack-image.js';

const docker = new Docker({ socketPath: '/var/run/docker.sock' });
let cacheFolder: string;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'molo-stacks-'));
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

async function outputOf(command: string): Promise<string> {
  const container = await docker.createContainer({ Image: 'molo/stack:debian-12', Cmd: ['sh', '-c', command], Tty: true, HostConfig: { NetworkMode: 'none' } });
  try {
    const output = buffer(await container.attach({ stream: true, stdout: true, stderr: true }));
    await container.start();
    return (await output).toString().replaceAll('\r', '');
  } finally {
    await container.remove({ force: true });
  }
}

describe('the stack debian-12', () => {
  it('is made when it is missing, and never made twice', async () => {
    const first = await ensureStack(docker, 'debian-12', { cacheFolder, workFolder: cacheFolder }, () => undefined);
    const said: string[] = [];
    expect(await ensureStack(docker, 'debian-12', { cacheFolder, workFolder: cacheFolder }, (line) => said.push(line))).toEqual(first);
    expect(said).toEqual([]);
    expect(first.bytes).toBeLessThan(150e6);
  });

  it('has the user that apps run as, certificates, and nothing left over from its making', async () => {
    const shown = await outputOf('id -u app; ls -d /app; test -s /etc/ssl/certs/ca-certificates.crt && echo certificates; ls -A /var/lib/apt/lists /var/cache/apt /var/log; test -e /etc/machine-id && echo machine');
    expect(shown).toContain('1000\n/app\ncertificates\n');
    expect(shown).not.toMatch(/machine|\.log|Packages/);
  });
});
