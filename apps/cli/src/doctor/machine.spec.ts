import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import type { Finding } from './check.js';

const bed = new Bed();
const goodEngine = { ServerVersion: '20.10.24+dfsg1', LiveRestoreEnabled: true, MemoryLimit: true, PidsLimit: true, CpuCfsQuota: true, CgroupVersion: '2', DockerRootDir: '/tmp' };
/** Good in January of 2020; openssl makes none that has ended without a CA's whole set-up. */
const endedCertificate = `-----BEGIN CERTIFICATE-----
MIIBGDCBvwIUD8IVGkM95WctFfGJhYEitGZJ+uEwCgYIKoZIzj0EAwIwDzENMAsG
A1UEAwwEbW9sbzAeFw0yMDAxMDEwMDAwMDBaFw0yMDAyMDEwMDAwMDBaMA8xDTAL
BgNVBAMMBG1vbG8wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASlm46q5DyDt+cC
dohfyOD4wT1jyJDVFdh3W3cIDLiubzCAXMIHMQjQeLehYKtfanB86O/VlpmFY6Qa
d3CAyAw3MAoGCCqGSM49BAMCA0gAMEUCIQD6DW8wX7robhzPMzg30Mpjhnhn6q8Z
doPWRpbK8tj62AIgGEhWgZ8adP8jQmIGTbI3BT3BFGYVDoGP3WLAT7f2wYA=
-----END CERTIFICATE-----
`;
const servers: Server[] = [];
const keepers: ChildProcess[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  // runsv ends what it keeps and then itself.
  await Promise.all(keepers.splice(0).map(async (keeper) => {
    keeper.kill('SIGTERM');
    await once(keeper, 'exit');
  }));
});

async function examined(): Promise<{ code: number | null; finding: (name: string) => Finding }> {
  const { code, stdout } = await bed.home.molo(['doctor', '--json']);
  const all = JSON.parse(stdout) as (Finding & { name: string })[];
  return {
    code,
    finding: (wanted) => {
      const found = all.find(({ name }) => name === wanted);
      if (!found) throw new Error(`No check is named ${wanted}: ${stdout}`);
      return found;
    },
  };
}

/** A home as set-up leaves it, with an engine that answers so. @returns the port for HTTP, which is free */
async function setUp(engine: object | null = goodEngine): Promise<number> {
  const port = await freePort();
  const socket = join(bed.home.path, 'engine.sock');
  await mkdir(join(bed.home.path, 'services'));
  await writeFile(join(bed.home.path, 'molo.env'), `MOLO_HTTP_PORT=${port}\nMOLO_HTTPS_PORT=${await freePort()}\nMOLO_DOCKER_SOCKET=${socket}\nMOLO_EXTRA_CA=${join(bed.home.path, 'site.pem')}\nMOLO_REDIS_URL=redis://:secret@127.0.0.1:1\n`);
  await Promise.all([makeCertificate('ca/ca.crt', 3650), makeCertificate('tls/registry.crt', 365), makeCertificate('tls/registry-token.crt', 365), makeCertificate('site.pem', 365)]);
  if (engine !== null) await listen(createServer((request, response) => response.end(request.url === '/info' ? JSON.stringify(engine) : 'OK')), socket);
  return port;
}

async function listen(server: Server, where: string | number): Promise<void> {
  servers.push(server);
  await once(server.listen(where), 'listening');
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function makeCertificate(path: string, days: number): Promise<void> {
  const file = join(bed.home.path, path);
  await mkdir(join(file, '..'), { recursive: true });
  await bed.home.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=molo', '-days', String(days), '-keyout', `${file}.key`, '-out', file]);
}

/** A program that listens on the port in the place of HAProxy, kept by runit as the platform's services are. */
async function keep(port: number, { answers = true } = {}): Promise<void> {
  const folder = join(bed.home.path, 'services/haproxy');
  await mkdir(folder);
  const listener = `require('node:http').createServer((_, answer) => answer.end()).listen(${port})`;
  await script(join(folder, 'run'), `exec '${process.execPath}' -e "${listener}"`);
  await script(join(folder, 'check'), answers ? `exec '${process.execPath}' -e "require('node:net').connect(${port}, '127.0.0.1').on('connect', () => process.exit(0))"` : 'exit 1');
  keepers.push(spawn('runsv', [folder], { stdio: 'ignore' }));
  await expect.poll(() => fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok, () => false), { timeout: 15_000 }).toBe(true);
}

async function script(file: string, text: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
}

describe("the platform's own machine", () => {
  test('that has all it needs is well', async () => {
    await keep(await setUp());
    const { finding } = await examined();
    for (const name of ['services', 'HTTP port', 'HTTPS port', 'SSH port', 'engine', 'live-restore', 'limits', 'certificates', 'extra CA of builds']) {
      expect({ name, ...finding(name) }).toMatchObject({ name, status: 'ok', advice: null });
    }
    expect(finding('services').found).toBe('docker, haproxy run and answer');
    expect(finding('HTTP port').found).toMatch(/^\d+ is held by haproxy$/);
    expect(finding('limits').found).toBe('memory, pids and cpu, by cgroup v2');
    expect(finding('disk of Molo').found).toMatch(/ is \d+ % full$/);
    expect(finding('memory').found).toMatch(/ of .* available$/);
  });

  test('says which services are down or do not answer, and where its last words are', async () => {
    const port = await setUp();
    await keep(port, { answers: false });
    await mkdir(join(bed.home.path, 'services/redis'));
    const { code, finding } = await examined();
    expect(code).toBe(7);
    expect(finding('services')).toEqual({ name: 'services', status: 'problem', found: 'redis is down, haproxy runs and does not answer', advice: `npm start. Last words: tail ${bed.home.path}/log/redis/current` });
  });

  test('whose port another program took is told which one, and how to get it back', async () => {
    const port = await setUp();
    await mkdir(join(bed.home.path, 'services/haproxy'));
    await listen(createServer(), port);
    const { code, finding } = await examined();
    expect(code).toBe(7);
    expect(finding('services')).toMatchObject({ status: 'problem', found: 'all of them are down' });
    expect(finding('HTTP port')).toMatchObject({ status: 'problem', found: expect.stringContaining(`(pid ${process.pid}), which is not of this platform, listens on ${port}`) as string, advice: expect.stringContaining('MOLO_HTTP_PORT=… npm start') as string });
  });

  test('that was stopped is told so by the services, not by their ports, too', async () => {
    const port = await setUp();
    await mkdir(join(bed.home.path, 'services/haproxy'));
    const { finding } = await examined();
    expect(finding('services')).toMatchObject({ status: 'problem', found: 'all of them are down', advice: 'npm start' });
    expect(finding('HTTP port')).toMatchObject({ status: 'ok', found: `${port} is free for haproxy` });
  });

  test('whose engine is away has one problem for it', async () => {
    await setUp(null);
    await mkdir(join(bed.home.path, 'services/haproxy'));
    const { finding } = await examined();
    expect(finding('engine')).toMatchObject({ status: 'problem', found: expect.stringContaining('engine.sock (ENOENT)') as string });
    for (const name of ['live-restore', 'limits', 'disk of Docker']) expect(finding(name)).toMatchObject({ status: 'warning', advice: 'Mend first: engine' });
  });

  test('whose engine cannot limit memory, or takes the apps along, is told how to change that', async () => {
    await setUp({ ...goodEngine, MemoryLimit: false, CgroupVersion: '1', LiveRestoreEnabled: false, ServerVersion: '19.03.1' });
    const { finding } = await examined();
    expect(finding('limits')).toMatchObject({ status: 'problem', found: expect.stringMatching(/^memory cannot be limited by cgroup v1/) as string, advice: expect.stringContaining('cgroup_enable=memory') as string });
    expect(finding('live-restore')).toMatchObject({ status: 'warning', advice: expect.stringContaining('daemon.json') as string });
    expect(finding('engine')).toMatchObject({ status: 'warning' });
  });

  test('whose certificates end soon, have ended or are damaged is told', async () => {
    await setUp();
    await makeCertificate('tls/registry.crt', 7);
    expect((await examined()).finding('certificates')).toMatchObject({ status: 'warning', found: expect.stringContaining('registry.crt ends on') as string, advice: 'npm start makes it anew.' });
    await writeFile(join(bed.home.path, 'tls/registry.crt'), endedCertificate);
    await writeFile(join(bed.home.path, 'tls/registry-token.crt'), 'damaged');
    await writeFile(join(bed.home.path, 'site.pem'), endedCertificate);
    const { finding } = await examined();
    expect(finding('certificates')).toMatchObject({ status: 'problem', found: expect.stringMatching(/registry\.crt ended on 2020-02-01, .*registry-token\.crt cannot be used/) as string });
    expect(finding('extra CA of builds')).toMatchObject({ status: 'problem', found: expect.stringContaining('have ended') as string });
  });
});
