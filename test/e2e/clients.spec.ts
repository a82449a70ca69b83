import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Release } from '@molo/contracts';
import { command, molo, moloJson, setting, visit, WorkingCopy } from './platform.js';

describe('molo doctor', () => {
  interface Finding {
    readonly name: string;
    readonly status: 'ok' | 'warning' | 'problem';
    readonly found: string;
    readonly advice: string | null;
  }

  async function examine(): Promise<{ code: number; problems: Finding[]; statusOf: Record<string, Finding['status']> }> {
    const { code, stdout } = await molo('doctor', '--json');
    const findings = JSON.parse(stdout) as Finding[];
    return { code, problems: findings.filter(({ status }) => status === 'problem'), statusOf: Object.fromEntries(findings.map(({ name, status }) => [name, status])) };
  }

  /** What the machine under a test may well be short of. */
  const ofTheMachine = new Set(['disk of Molo', 'disk of Docker', 'disks of nodes', 'memory', 'IP forwarding']);

  it('finds nothing to mend on a platform that is well, and what is down on one that is not', async () => {
    const well = await examine();
    expect(well.problems.filter(({ name }) => !ofTheMachine.has(name))).toEqual([]);
    expect(well.statusOf).toMatchObject(Object.fromEntries(['sign-in', 'version', 'clock', 'platform parts', 'nodes', 'services', 'HTTP port', 'SSH port', 'registry port', 'engine', 'certificates'].map((name) => [name, 'ok'])));
    const registry = join(setting('MOLO_HOME'), 'services/registry');
    expect(await command('sv', ['-w', '10', 'down', registry])).toMatchObject({ code: 0 });
    try {
      const { code, problems } = await examine();
      const named = problems.filter(({ name }) => !ofTheMachine.has(name));
      expect(code).toBe(7);
      expect(named).toEqual([
        { name: 'platform parts', status: 'problem', found: expect.stringMatching(/^registry is down \(.+\)$/) as string, advice: "On the platform's machine: npm run status, then npm start" },
        { name: 'services', status: 'problem', found: 'registry is down', advice: `npm start. Last words: tail ${setting('MOLO_HOME')}/log/registry/current` },
      ]);
    } finally {
      // It waits until the service's own check is content.
      expect(await command('sv', ['-w', '30', 'start', registry])).toMatchObject({ code: 0 });
    }
  });
});

describe('other programs', () => {
  let copy: WorkingCopy;
  let token: string;
  let release: Release;
  const api = () => `http://molo.localhost:${setting('MOLO_HTTP_PORT')}`;

  beforeAll(async () => {
    copy = await WorkingCopy.of('openship');
    await copy.commitFixture('static-site');
    await copy.git('tag', '1.0');
    const { code, stderr } = await copy.push('main', '1.0');
    if (code !== 0) throw new Error(stderr);
    ({ token } = await moloJson<{ token: string }>('tokens', 'create', 'programs', '--expires', '1'));
    [release] = (await moloJson<Release[]>('releases', '--app', 'openship')) as [Release];
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  it('docker pulls the image of a release by digest, with a token only', async () => {
    const registry = setting('MOLO_REGISTRY_HOST');
    const config = { DOCKER_CONFIG: `${setting('MOLO_HOME')}/docker-client` };
    expect((await command('docker', ['pull', release.image.reference], { env: config })).code).not.toBe(0);
    expect(await command('sh', ['-c', `printf %s "$TOKEN" | docker login --username molo --password-stdin ${registry}`], { env: { ...config, TOKEN: token } })).toMatchObject({ code: 0 });
    expect(await command('docker', ['pull', release.image.reference], { env: config })).toMatchObject({ code: 0 });
  });

  it('skopeo copies it by its version tag', async () => {
    const { code, stdout, stderr } = await command('skopeo', [
      'inspect',
      `--creds=molo:${token}`,
      `--cert-dir=/etc/docker/certs.d/${setting('MOLO_REGISTRY_HOST')}`,
      `docker://${setting('MOLO_REGISTRY_HOST')}/openship:1.0`,
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { Digest: string }).Digest).toBe(release.image.digest);
  });

  it('curl reads the API with a token and gets a problem document without one', async () => {
    const anonymous = await command('curl', ['-s', '-w', '\n%{http_code} %{content_type}', `${api()}/api/v1/apps`]);
    expect(anonymous.stdout).toMatch(/"code":"not_signed_in".*\n401 application\/problem\+json/s);
    const signedIn = await command('curl', ['-s', '-H', `Authorization: Bearer ${token}`, `${api()}/api/v1/apps/openship`]);
    expect(JSON.parse(signedIn.stdout)).toMatchObject({ name: 'openship' });
    const document = await command('curl', ['-s', `${api()}/api/openapi.json`]);
    expect(JSON.parse(document.stdout)).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
  });

  it('git clones what was pushed', async () => {
    const url = `http://molo:${token}@molo.localhost:${setting('MOLO_HTTP_PORT')}/git/openship.git`;
    const folder = `${setting('MOLO_HOME')}/clone`;
    expect(await command('git', ['clone', '--quiet', url, folder])).toMatchObject({ code: 0 });
    expect((await command('git', ['-C', folder, 'rev-parse', 'HEAD'])).stdout).toBe((await copy.git('rev-parse', 'HEAD')).stdout);
  });

  it('gets our own pages for hosts that lead nowhere and apps that run nothing', async () => {
    expect((await visit('nobody-knows-this')).status).toBe(404);
    const idle = await WorkingCopy.of('idleship');
    expect((await visit('idleship', '/', { accept: 'text/html' })).status).toBe(503);
    await idle[Symbol.asyncDispose]();
  });
});
