import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplication, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AppError, type TokenRight } from '@molo/contracts';
import { freePort } from '@molo/testkit';
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
import { EnvironmentsService } from '../environments/environments.service.js';
import { createLog, Log } from '../log.js';
import { NodesService } from '../nodes/nodes.service.js';
import { RegistryBlobs } from '../registry/registry-blobs.js';
import { RegistryClient } from '../registry/registry-client.js';
import { RegistryTokenController } from '../registry/registry-token.controller.js';
import { RegistryTokens } from '../registry/registry-tokens.js';
import { makeCertificates, startRegistry } from '../registry/test-registry.js';
import { UploadGate } from '../registry/upload-gate.js';
import { DeploymentsDouble } from './deployments-double.js';
import { DeployingBranches } from './deploying-branches.js';
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
/** Of every app. */
const environments = [{ name: 'production', liveReleaseId: null }, { name: 'staging', liveReleaseId: null }, { name: 'acceptance', liveReleaseId: 'something' }];

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
      { provide: EnvironmentsService, useValue: { listOf: () => Promise.resolve(environments) } },
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
const realParts = [Addresses, DeployingBranches, DiskRoom, RegistryTokens, RegistryClient, RegistryBlobs, Repositories, GitAccess, GitProcesses, HookServer, ProcReceive, PushDeployment, Pushes, SourceArchive, SshServer, SshSession, SshSignIn, Upkeep, UploadGate];

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

export function caOf(platform: GitTestPlatform): Buffer {
  return readFileSync(join(platform.home, 'ca/ca.crt'));
}
