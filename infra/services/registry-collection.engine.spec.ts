import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@molo/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../bench/free-port.ts';
import { runScript } from './run-script.ts';
import type { Surroundings } from './service.ts';
import { registry } from './stores.ts';

const run = promisify(execFile);

let home: string;
let address: string;
let keeper: ChildProcess;

/** The private registry as set-up keeps it, but in the clear and open to all. */
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'molo-registry-'));
  for (const folder of ['run/pids', 'services/registry', 'registry']) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, 'molo.env'), '');
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  const settings = { MOLO_DOMAIN: 'localhost', MOLO_REGISTRY_PORT: String(port), MOLO_CONTROL_PLANE_URL: 'http://127.0.0.1:1' };
  const service = registry({ settings, home, node: 'node', checkout: home, registrySecret: 'secret' } as unknown as Surroundings);
  const configuration = JSON.parse(service.files?.['config.yml'] ?? '') as { auth?: object; http: { tls?: object } };
  delete configuration.auth;
  delete configuration.http.tls;
  writeFileSync(folder('config.yml'), JSON.stringify(configuration));
  writeFileSync(folder('run'), runScript(service, { home, checkout: home, user: undefined, bindCheckout: false }));
  chmodSync(folder('run'), 0o755);
  keeper = spawn('runsv', [folder()], { stdio: 'ignore' });
  await untilItServes();
});

afterEach(async () => {
  await run('sv', ['-w', '5', 'force-stop', folder()]).catch(() => undefined);
  await run('sv', ['exit', folder()]).catch(() => undefined);
  await waitFor(() => keeper.exitCode !== null, { what: 'the keeper to end' });
  rmSync(home, { recursive: true, force: true });
});

const folder = (name = '') => join(home, 'services/registry', name);
const marker = () => join(home, 'run/registry.collect');
const noted = () => Number(readFileSync(join(home, 'run/registry.pid'), 'utf8'));

async function untilItServes(): Promise<void> {
  await waitFor(() => fetch(`${address}/v2/`).then((answer) => answer.ok, () => false), { timeoutMs: 20_000, what: 'the registry to answer' });
}

/** As the control plane asks for it. */
async function collect(): Promise<void> {
  const server = noted();
  writeFileSync(marker(), '');
  process.kill(server, 'SIGTERM');
  await waitFor(() => !existsSync(marker()), { timeoutMs: 20_000, what: 'the collection to begin' });
  await untilItServes();
  expect(noted()).not.toBe(server);
}

async function upload(content: string): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const begun = await fetch(`${address}/v2/myapp/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', address);
  place.searchParams.set('digest', digest);
  expect((await fetch(place, { method: 'PUT', body: content, headers: { 'content-type': 'application/octet-stream' } })).status).toBe(201);
  return digest;
}

function isOnDisk(digest: string): boolean {
  const hash = digest.replace('sha256:', '');
  return existsSync(join(home, `registry/docker/registry/v2/blobs/sha256/${hash.slice(0, 2)}/${hash}/data`));
}

it('the registry collects once when it is told to, and then serves what it kept', async () => {
  const [config, layer, loose] = [await upload('{}'), await upload('a layer'), await upload('what no manifest refers to')];
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = { schemaVersion: 2, mediaType: type, config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: config, size: 2 }, layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: layer, size: 7 }] };
  expect((await fetch(`${address}/v2/myapp/manifests/v1`, { method: 'PUT', body: JSON.stringify(manifest), headers: { 'content-type': type } })).status).toBe(201);

  await collect();
  expect([config, layer, loose].map(isOnDisk)).toEqual([true, true, false]);
  expect((await fetch(`${address}/v2/myapp/blobs/${layer}`)).status).toBe(200);
  expect((await fetch(`${address}/v2/myapp/blobs/${loose}`)).status).toBe(404);

  const again = await upload('what no manifest refers to');
  const server = noted();
  process.kill(server, 'SIGKILL');
  await waitFor(() => noted() !== server, { timeoutMs: 20_000, what: 'the next server' });
  await untilItServes();
  expect(isOnDisk(again)).toBe(true);
});

it('the registry serves on when a collection fails, and does not try it over and over', async () => {
  const loose = await upload('what no manifest refers to');
  // A link that was cut off: garbage-collect ends with an error before it takes anything.
  const cutOff = join(home, 'registry/docker/registry/v2/repositories/myapp/_manifests/revisions/sha256', 'f'.repeat(64));
  mkdirSync(cutOff, { recursive: true });
  writeFileSync(join(cutOff, 'link'), '');
  await collect();
  expect(isOnDisk(loose)).toBe(true);
  expect((await fetch(`${address}/v2/myapp/blobs/${loose}`)).status).toBe(200);
});
