import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type INestApplication, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AppError, type TokenRight } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Authenticator } from '../access/authenticator.js';
import { type Caller, noApps } from '../access/caller.js';
import { Revocations } from '../access/revocations.js';
import { Addresses } from '../addresses.js';
import { AppsService } from '../apps/apps.service.js';
import { type AuditEntry, AuditService } from '../audit/audit.service.js';
import { Config, Settings } from '../config.js';
import { DeploymentStream } from '../deployments/deployment-stream.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { createLog, Log } from '../log.js';
import { NodesService } from '../nodes/nodes.service.js';
import { RegistryBlobs } from '../registry/registry-blobs.js';
import { RegistryClient } from '../registry/registry-client.js';
import { RegistryTokenController } from '../registry/registry-token.controller.js';
import { RegistryTokens } from '../registry/registry-tokens.js';
import { UploadGate } from '../registry/upload-gate.js';
import { DeploymentsDouble } from './deployments-double.js';
import { GitAccess } from './git-access.js';
import { GitHttpController } from './git-http.controller.js';
import { DiskRoom } from './disk-room.js';
import { GitProcesses } from './git-processes.js';
import { HookServer } from './hook-server.js';
import { ProcReceive } from './proc-receive.js';
import { PushDeployment } from './push-deployment.js';
import { Pushes } from './pushes.js';
import { Repositories } from './repositories.js';
import { SourceArchive } from './source-archive.js';
import { SshServer } from './ssh-server.js';
import { SshSession } from './ssh-session.js';
import { SshSignIn } from './ssh-sign-in.js';
import { Upkeep } from './upkeep.js';

type Audited = AuditEntry & { readonly by: string };

/** Git, its transports and the registry for real; deployments, apps and sign-in as doubles at their interfaces. */
export interface GitTestPlatform {
  readonly home: string;
  readonly config: Config;
  readonly url: string;
  readonly deployments: DeploymentsDouble;
  readonly repositories: Repositories;
  readonly blobs: RegistryBlobs;
  readonly tokens: RegistryTokens;
  /** SSH keys in base64 and whose they are. */
  readonly keys: Map<string, Caller>;
  readonly audited: Audited[];
  readonly app: INestApplication;
  stop(): Promise<void>;
}

export const tokens = { deploy: 'molo_deploy', read: 'molo_read', nothing: 'molo_nothing', member: 'molo_member', admin: 'molo_admin', node: 'node-token-of-this-machine' } as const;
const apps = ['myapp', 'other'];

export function callerWith(name: string, rights: readonly TokenRight[]): Caller {
  return { kind: 'token', userId: null, name, email: null, role: 'developer', rights: ['any', ...rights], apps: noApps, limit: rights, appLimit: null, isWhole: true, until: null, sessionId: null, ip: null };
}

const callers: Readonly<Record<string, Caller>> = {
  [tokens.deploy]: callerWith('ada', ['read', 'deploy']),
  [tokens.read]: callerWith('reader', ['read']),
  [tokens.nothing]: callerWith('nobody', []),
  [tokens.member]: { ...callerWith('guest', []), apps: new Map([['myapp', { id: 'id-of-myapp', rights: ['read', 'deploy'] }]]) },
  [tokens.admin]: callerWith('root', ['read', 'deploy', 'administer']),
};

export async function startGitTestPlatform({ withRegistry = true } = {}): Promise<GitTestPlatform> {
  const home = mkdtempSync(join(tmpdir(), 'molo-git-'));
  makeCertificates(home);
  const [registryPort, sshPort] = [await freePort(), await freePort()];
  const settings = Settings.parse({
    MOLO_HOME: home,
    MOLO_HTTP_PORT: '8080',
    MOLO_SSH_PORT: String(sshPort),
    MOLO_DATABASE_URL: 'postgres://unused/none',
    MOLO_REDIS_URL: 'redis://unused',
    MOLO_REGISTRY_HOST: `localhost:${registryPort}`,
    MOLO_LOG_LEVEL: 'silent',
  });
  const config = new Config(settings, { masterKey: '', nodeToken: '' });
  const keys = new Map<string, Caller>();
  const audited: Audited[] = [];
  const app = await createApp(config, keys, audited);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const registry = withRegistry ? await startRegistry(home, registryPort, url) : null;
  const stop = async () => {
    await app.close();
    await registry?.();
    rmSync(home, { recursive: true, force: true });
  };
  return { home, config, url, keys, audited, app, stop, deployments: app.get(DeploymentsDouble), repositories: app.get(Repositories), blobs: app.get(RegistryBlobs), tokens: app.get(RegistryTokens) };
}

async function createApp(config: Config, keys: Map<string, Caller>, audited: Audited[]): Promise<INestApplication> {
  @Module({
    controllers: [GitHttpController, RegistryTokenController],
    providers: [
      { provide: Config, useValue: config },
      { provide: Log, useValue: createLog(config) },
      { provide: AppsService, useValue: { findByName } },
      { provide: NodesService, useValue: { byToken: (token: string) => Promise.resolve(token === tokens.node ? randomUUID() : null) } },
      { provide: Authenticator, useValue: authenticatorOf(keys) },
      { provide: DataSource, useValue: {} },
      { provide: Revocations, useValue: { listen: () => () => undefined } },
      { provide: AuditService, useValue: { record: (_: unknown, by: Caller, entry: AuditEntry) => Promise.resolve(audited.push({ by: by.name, ...entry })) } },
      DeploymentsDouble,
      { provide: DeploymentsService, useExisting: DeploymentsDouble },
      { provide: DeploymentStream, useExisting: DeploymentsDouble },
      ...realParts,
    ],
  })
  class GitTestModule {}
  const module = await Test.createTestingModule({ imports: [GitTestModule] }).compile();
  return module.createNestApplication({ bodyParser: false, logger: false });
}

/** Each of them as it is in GitModule and RegistryModule. */
const realParts = [Addresses, DiskRoom, RegistryTokens, RegistryClient, RegistryBlobs, Repositories, GitAccess, GitProcesses, HookServer, ProcReceive, PushDeployment, Pushes, SourceArchive, SshServer, SshSession, SshSignIn, Upkeep, UploadGate];

function findByName(name: string): Promise<{ id: string; name: string; deployBranch: string }> {
  if (!apps.includes(name)) return Promise.reject(new AppError('not_found', { detail: 'none' }));
  return Promise.resolve({ id: `id-of-${name}`, name, deployBranch: 'main' });
}

function authenticatorOf(keys: ReadonlyMap<string, Caller>): Pick<Authenticator, 'byToken' | 'byAuthorization' | 'bySshKey'> {
  const byToken = (token: string) => Promise.resolve(callers[token] ?? null);
  return {
    byToken,
    byAuthorization: (header) => byToken(Buffer.from(header.replace(/^basic /i, ''), 'base64').toString().split(':')[1] ?? ''),
    bySshKey: (blob) => Promise.resolve(keys.get(blob.toString('base64')) ?? null),
  };
}

function makeCertificates(home: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: home, stdio: 'pipe' });
  for (const folder of ['ca', 'tls', 'registry', 'run', 'control-plane', 'services/registry']) mkdirSync(join(home, folder), { recursive: true });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  openssl('req', '-x509', ...key, '-keyout', 'ca/ca.key', '-out', 'ca/ca.crt', '-subj', '/CN=Molo test CA', '-days', '2');
  for (const name of ['registry', 'registry-token']) {
    openssl('req', ...key, '-keyout', `tls/${name}.key`, '-out', `tls/${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(home, 'tls/ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    openssl('x509', '-req', '-in', `tls/${name}.csr`, '-CA', 'ca/ca.crt', '-CAkey', 'ca/ca.key', '-CAcreateserial', '-out', `tls/${name}.crt`, '-days', '2', '-extfile', 'tls/ext');
  }
}

async function startRegistry(home: string, port: number, url: string): Promise<() => Promise<void>> {
  const settings = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(home, 'registry') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, tls: { certificate: join(home, 'tls/registry.crt'), key: join(home, 'tls/registry.key') } },
    auth: { token: { realm: `${url}/registry/token`, service: 'molo-registry', issuer: 'molo', rootcertbundle: join(home, 'ca/ca.crt') } },
  };
  const file = join(home, 'services/registry/config.yml');
  // YAML takes JSON.
  writeFileSync(file, JSON.stringify(settings));
  // As set-up's run script has it, and runit.
  const run = 'echo $$ >"$1/run/registry.pid"; task=serve; [ ! -e "$1/run/registry.collect" ] || { rm "$1/run/registry.collect" && task=garbage-collect; }; exec docker-registry $task "$2"';
  let stopped = false;
  let ended = Promise.resolve();
  let child: ChildProcess;
  const start = () => {
    child = spawn('sh', ['-c', run, 'sh', home, file], { stdio: 'ignore' });
    ended = once(child, 'exit').then(() => (stopped ? undefined : start()));
    return ended;
  };
  void start();
  while (!(await accepts(port))) await pause(20);
  return async () => {
    stopped = true;
    child.kill();
    await ended;
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function caOf(platform: GitTestPlatform): Buffer {
  return readFileSync(join(platform.home, 'ca/ca.crt'));
}
