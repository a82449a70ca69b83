import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { type DeploymentState, isFinal } from '@molo/contracts';
import { connectRedis, Queues } from '@molo/queue';
import { type TestDatabase, testRedisUrl, uniquePrefix, waitFor } from '@molo/testkit';
import { DataSource } from 'typeorm';
import { AccessModule } from '../access/access.module.js';
import { moloItself } from '../access/caller.js';
import { Addresses } from '../addresses.js';
import { AuditModule } from '../audit/audit.module.js';
import { BuildsService } from '../builds/builds.service.js';
import { Config, Settings } from '../config.js';
import { DatabaseModule } from '../database/database.module.js';
import { createSchemaDatabase } from '../database/test-database.js';
import { EnvironmentsService } from '../environments/environments.service.js';
import { LifecycleModule } from '../lifecycle.module.js';
import { createLog, Log } from '../log.js';
import { DesiredService } from '../nodes/desired.service.js';
import { NodeReports } from '../nodes/node-reports.js';
import { NodesService } from '../nodes/nodes.service.js';
import { ObservedService } from '../nodes/observed.service.js';
import { RestModule } from '../rest/rest.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { type BuiltPush, DeploymentsService } from './deployments.service.js';
import { SimulatedAgent } from './simulated-agent.js';

/** The control plane's lifecycle on a real PostgreSQL and Redis, with one simulated node. */
export class LifecycleBench implements AsyncDisposable {
  private readonly others: SimulatedAgent[] = [];

  private constructor(
    readonly module: TestingModule,
    readonly agent: SimulatedAgent,
    readonly environmentId: string,
    readonly appId: string,
    private readonly database: TestDatabase,
    private readonly home: string,
    private readonly redisPrefix: string,
  ) {}

  /** @param given settings other than the defaults */
  static async start(given: Readonly<Record<string, string>> = {}): Promise<LifecycleBench> {
    const database = await createSchemaDatabase();
    const home = await mkdtemp(join(tmpdir(), 'molo-lifecycle-'));
    const settings = Settings.parse({ MOLO_HOME: home, MOLO_DATABASE_URL: database.url, MOLO_REDIS_URL: testRedisUrl(), MOLO_LOG_LEVEL: 'silent', ...given });
    const config = new Config(settings, { masterKey: 'ab'.repeat(32), nodeToken: `token-${randomUUID()}` });
    const redisPrefix = uniquePrefix();
    const module = await Test.createTestingModule({ imports: [settingsModule(config), DatabaseModule, SecretsModule, AuditModule, AccessModule, RestModule, LifecycleModule] })
      .overrideProvider(Queues)
      .useFactory({ factory: (log: Log) => new Queues(testRedisUrl(), log, redisPrefix), inject: [Log] })
      .compile();
    await module.init();
    const [node] = await module.get(NodesService).list();
    const agent = await startAgent(module, node!.id);
    const { appId, environmentId } = await createApp(module.get(DataSource), 'myapp');
    return new LifecycleBench(module, agent, environmentId, appId, database, home, redisPrefix);
  }

  /** Another node that runs instances and is an ingress. */
  async addNode(name: string): Promise<SimulatedAgent> {
    const id = randomUUID();
    await this.dataSource.query(`insert into nodes (id, name, token_hash, roles) values ($1, $2, $2, '{ingress,instances}')`, [id, name]);
    const agent = await startAgent(this.module, id);
    this.others.push(agent);
    return agent;
  }

  get deployments(): DeploymentsService {
    return this.module.get(DeploymentsService);
  }

  get dataSource(): DataSource {
    return this.module.get(DataSource);
  }

  /** Pushes a tree of its own, unless one is named, to the bench's app, unless another is. @returns the deployment's id */
  async push(treeId = randomUUID().replaceAll('-', '').padEnd(40, '0'), appId = this.appId, facts: Partial<BuiltPush> = {}): Promise<string> {
    const commit = { id: randomUUID().replaceAll('-', '').padEnd(40, '0'), subject: 'Change a line', author: 'Ada' };
    const known: BuiltPush = { appId, environmentName: 'production', commit, treeId, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself, ...facts };
    const { deploymentId } = (await this.deployments.pushBuilt(known)) ?? (await this.deployments.push({ ...known, sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1000 }));
    return deploymentId;
  }

  /** What a change of the config or the formation begins. @returns the deployment's id, or null where nothing is live */
  async change(reason: 'config' | 'scale'): Promise<string | null> {
    return this.dataSource.transaction(async (manager) => {
      const { environment } = await this.module.get(EnvironmentsService).lock(manager, 'myapp', 'production');
      return this.deployments.deployChange(manager, environment, reason, moloItself);
    });
  }

  async stateOf(deploymentId: string): Promise<DeploymentState> {
    return (await this.deployments.view(deploymentId)).state;
  }

  async untilOver(deploymentId: string): Promise<DeploymentState> {
    return this.until(deploymentId, isFinal);
  }

  async until(deploymentId: string, isIt: (state: DeploymentState) => boolean): Promise<DeploymentState> {
    await waitFor(async () => isIt(await this.stateOf(deploymentId)), { timeoutMs: 20_000, what: `the state of deployment ${deploymentId}` });
    return this.stateOf(deploymentId);
  }

  /** What FLUSHALL does, to this bench's own keys alone. */
  async forgetJobs(): Promise<void> {
    const redis = connectRedis(testRedisUrl());
    const keys = await redis.keys(`${this.redisPrefix}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of [this.agent, ...this.others]) agent.stop();
    await this.module.close();
    await this.database.drop();
    await rm(this.home, { recursive: true, force: true });
  }
}

async function startAgent(module: TestingModule, nodeId: string): Promise<SimulatedAgent> {
  const agent = new SimulatedAgent(nodeId, {
    queues: module.get(Queues),
    desired: module.get(DesiredService),
    observed: module.get(ObservedService),
    builds: module.get(BuildsService),
    reports: module.get(NodeReports),
  });
  await agent.start();
  return agent;
}

function settingsModule(config: Config) {
  @Global()
  @Module({ providers: [{ provide: Config, useValue: config }, { provide: Log, useValue: createLog(config) }, Addresses], exports: [Config, Log, Addresses] })
  class SettingsModule {}
  return SettingsModule;
}

export async function createApp(dataSource: DataSource, name: string): Promise<{ appId: string; environmentId: string }> {
  const appId = randomUUID();
  const environmentId = randomUUID();
  await dataSource.query(`insert into apps (id, name, deploy_branch, created_by) values ($1, $2, 'main', '{"kind":"molo","name":"molo"}')`, [appId, name]);
  await dataSource.query(`insert into environments (id, app_id, name) values ($1, $2, 'production')`, [environmentId, appId]);
  return { appId, environmentId };
}
