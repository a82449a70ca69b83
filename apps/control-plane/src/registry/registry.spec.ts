import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caOf, type GitTestPlatform, startGitTestPlatform, tokens } from '../git/git-test-platform.js';
import type { RegistryAccess } from './registry-tokens.js';

let platform: GitTestPlatform;

beforeAll(async () => {
  platform = await startGitTestPlatform();
});
afterAll(async () => {
  await platform.stop();
});

const basic = (user: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });

async function ask(headers: Record<string, string>, ...scopes: string[]): Promise<{ status: number; access: RegistryAccess[] }> {
  const query = new URLSearchParams({ service: 'molo-registry' });
  for (const scope of scopes) query.append('scope', scope);
  const response = await fetch(`${platform.url}/registry/token?${query.toString()}`, { headers });
  const body = (await response.json()) as { token?: string };
  return { status: response.status, access: body.token ? (decodeJwt(body.token)['access'] as RegistryAccess[]) : [] };
}

describe('the token endpoint', () => {
  it('gives nothing to whoever does not say who they are', async () => {
    expect((await ask({}, 'repository:myapp:pull')).status).toBe(401);
    expect((await ask(basic('x', 'molo_wrong'), 'repository:myapp:pull')).status).toBe(401);
    expect((await ask(basic('node', 'wrong'), 'repository:myapp:pull')).status).toBe(401);
  });

  it('grants of what is asked what the rights allow', async () => {
    const asked = ['repository:myapp:pull,push', 'repository:nosuch:pull'];
    expect((await ask(basic('x', tokens.deploy), ...asked)).access).toEqual([{ type: 'repository', name: 'myapp', actions: ['pull', 'push'] }]);
    expect((await ask(basic('x', tokens.read), ...asked)).access).toEqual([{ type: 'repository', name: 'myapp', actions: ['pull'] }]);
    expect((await ask(basic('x', tokens.nothing), ...asked)).access).toEqual([]);
    expect((await ask(basic('x', tokens.member), ...asked, 'repository:other:pull')).access).toEqual([{ type: 'repository', name: 'myapp', actions: ['pull', 'push'] }]);
    expect((await ask(basic('node', tokens.node), 'repository:stack/debian-12:pull,push')).access).toEqual([{ type: 'repository', name: 'stack/debian-12', actions: ['pull', 'push'] }]);
    expect((await ask(basic('x', tokens.deploy), 'registry:catalog:*')).access).toEqual([]);
    expect((await ask(basic('x', tokens.admin), 'registry:catalog:*')).access).toEqual([{ type: 'registry', name: 'catalog', actions: ['*'] }]);
  });

  it('grants a build nothing but the images of its own app, and nobody else its name', async () => {
    const asked = ['repository:myapp:pull,push', 'repository:other:pull', 'repository:stack/debian-12:pull'];
    expect((await ask(basic('build.myapp', tokens.node), ...asked)).access).toEqual([{ type: 'repository', name: 'myapp', actions: ['pull'] }]);
    expect((await ask(basic('build.myapp', 'wrong'), ...asked)).status).toBe(401);
    expect((await ask(basic('build.myapp', tokens.read), ...asked)).access).toEqual(['myapp', 'other'].map((name) => ({ type: 'repository', name, actions: ['pull'] })));
  });

  it('speaks the OAuth2 form too', async () => {
    const form = new URLSearchParams({ grant_type: 'password', username: 'x', password: tokens.deploy, service: 'molo-registry', client_id: 'test', access_type: 'offline', scope: 'repository:myapp:pull,push' });
    const answer = (await (await fetch(`${platform.url}/registry/token`, { method: 'POST', body: form })).json()) as { access_token: string; scope: string; refresh_token: string };
    expect(answer.scope).toBe('repository:myapp:pull,push');
    const again = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: answer.refresh_token, service: 'molo-registry', scope: 'repository:myapp:pull' });
    const second = (await (await fetch(`${platform.url}/registry/token`, { method: 'POST', body: again })).json()) as { access_token: string };
    expect(decodeJwt(second.access_token)['access']).toEqual([{ type: 'repository', name: 'myapp', actions: ['pull'] }]);
  });
});

describe('blobs', () => {
  it.each([['small', 1000], ['large', 9 * 1024 ** 2]])('of a %s size come back as they went in, under their digest', async (_, size) => {
    const bytes = randomBytes(size);
    const stored = await platform.blobs.upload('myapp', Readable.from([bytes.subarray(0, 500), bytes.subarray(500)]));
    expect(stored.bytes).toBe(size);
    expect(await platform.blobs.exists('myapp', stored.digest)).toBe(true);
    expect((await buffer(await platform.blobs.open('myapp', stored.digest))).equals(bytes)).toBe(true);
    expect(await platform.blobs.upload('myapp', Readable.from([bytes]))).toEqual(stored);
  });

  it('of a source that turns out broken get no name', async () => {
    const broken = platform.blobs.upload('myapp', Readable.from([randomBytes(6 * 1024 ** 2)]), () => Promise.reject(new Error('git died')));
    await expect(broken).rejects.toThrow('git died');
  });

  it('that are not there are said to be so', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await platform.blobs.exists('myapp', digest)).toBe(false);
    await expect(platform.blobs.open('myapp', digest)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are for nobody without a token', async () => {
    const status = await new Promise((resolve, reject) => {
      get(`https://${platform.config.registryHost}/v2/myapp/tags/list`, { ca: caOf(platform) }, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
    expect(status).toBe(401);
  });
});

describe('skopeo', () => {
  // Not synchronous: the token endpoint answers from this process.
  const skopeo = (...args: string[]) =>
    new Promise<{ status: number; stderr: string }>((resolve) => {
      execFile('skopeo', ['copy', '--insecure-policy', ...args], (error, _output, stderr) => resolve({ status: error ? 1 : 0, stderr }));
    });

  it('copies an image in and out with a token, and not without', async () => {
    const certificates = join(platform.home, 'certs');
    mkdirSync(certificates);
    writeFileSync(join(certificates, 'ca.crt'), caOf(platform));
    makeImage(join(platform.home, 'image'));
    const target = `docker://${platform.config.registryHost}/myapp:1.0`;
    const refused = await skopeo('--dest-cert-dir', certificates, `dir:${platform.home}/image`, target);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/unauthorized|authentication required|denied/);
    const readOnly = await skopeo('--dest-cert-dir', certificates, '--dest-creds', `x:${tokens.read}`, `dir:${platform.home}/image`, target);
    expect(readOnly.status).not.toBe(0);
    const pushed = await skopeo('--dest-cert-dir', certificates, '--dest-creds', `x:${tokens.deploy}`, `dir:${platform.home}/image`, target);
    expect(pushed.status, pushed.stderr).toBe(0);
    const pulled = await skopeo('--src-cert-dir', certificates, '--src-creds', `x:${tokens.read}`, target, `dir:${platform.home}/pulled`);
    expect(pulled.status, pulled.stderr).toBe(0);
  });
});

/** An image of one file, in skopeo's own layout of a folder. */
function makeImage(folder: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'hello'), 'hello\n');
  const layer = execFileSync('tar', ['-c', '-C', folder, 'hello']);
  const digest = (bytes: Buffer) => execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [`sha256:${digest(layer)}`] } }));
  const part = (mediaType: string, bytes: Buffer) => {
    writeFileSync(join(folder, digest(bytes)), bytes);
    return { mediaType, size: bytes.length, digest: `sha256:${digest(bytes)}` };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: part('application/vnd.docker.container.image.v1+json', config),
    layers: [part('application/vnd.docker.image.rootfs.diff.tar', layer)],
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'version'), 'Directory Transport Version: 1.1\n');
}

it('says in one sentence when the registry does not answer', async () => {
  const without = await startGitTestPlatform({ withRegistry: false });
  try {
    await expect(without.blobs.upload('myapp', Readable.from([Buffer.from('x')]))).rejects.toMatchObject({ code: 'unavailable' });
  } finally {
    await without.stop();
  }
});
