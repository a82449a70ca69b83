import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { apiPrefix, type Endpoint, Problem, type Role, type TokenRight } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { freePort, type TestDatabase, testRedisUrl, uniquePrefix } from '@molo/testkit';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { ApiToken } from './access/api-token.entity.js';
import { hashPassword } from './access/passwords.js';
import { hashSecret, randomSecret } from './access/secret-text.js';
import { SessionsService } from './access/sessions.service.js';
import { User } from './access/user.entity.js';
import { AppModule } from './app.module.js';
import { Config, Settings } from './config.js';
import { createSchemaDatabase } from './database/test-database.js';
import { createLog, Log } from './log.js';
import { makeCertificates, startRegistry } from './registry/test-registry.js';
import type { ConnectionLimits } from './rest/connections.js';
import { applicationOptions, type ControlPlane, serve } from './server.js';

/** Who sends a test's request. */
export type As = { readonly token: string } | { readonly session: string } | 'owner' | 'anonymous';

export interface Sent {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly as?: As;
}

export interface Received<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The answer, checked against the table. */
  readonly ok: Body;
  /** The problem, checked against its schema. */
  readonly problem: Problem;
}

/** The whole control plane, listening, on a database, a MOLO_HOME and Redis keys of its own. */
export class TestControlPlane implements AsyncDisposable {
  #stopRegistry: (() => Promise<void>) | null = null;

  private constructor(
    private readonly running: ControlPlane,
    readonly config: Config,
    readonly database: TestDatabase,
    readonly logLines: readonly string[],
    /** Begins the name of every key in Redis. */
    readonly redisPrefix: string,
  ) {}

  /** @param given settings other than the spec's usual ones */
  static async start(limits?: ConnectionLimits, given: Readonly<Record<string, string>> = {}): Promise<TestControlPlane> {
    const database = await createSchemaDatabase();
    const config = await testConfig(database.url, given);
    const logLines: string[] = [];
    const log = createLog(config, { write: (line) => void logLines.push(line) });
    const prefix = uniquePrefix();
    const module = await Test.createTestingModule({ imports: [AppModule.with(config, log)] })
      .overrideProvider(Queues)
      .useFactory({ factory: (queueLog: Log) => new Queues(testRedisUrl(), queueLog, prefix), inject: [Log] })
      .compile();
    const app = module.createNestApplication<NestExpressApplication>({ ...applicationOptions, logger: false });
    return new TestControlPlane(await serve(app, config, log, limits), config, database, logLines, prefix);
  }

  /** Beside a registry of its own, which a name that was another app's is taken only with. */
  static async startWithRegistry(): Promise<TestControlPlane> {
    const port = await freePort();
    const platform = await TestControlPlane.start(undefined, { MOLO_REGISTRY_HOST: `localhost:${port}` });
    const home = platform.config.path('');
    makeCertificates(home);
    platform.#stopRegistry = await startRegistry(home, port, platform.url);
    return platform;
  }

  get url(): string {
    return this.running.url;
  }

  get app(): NestExpressApplication {
    return this.running.app;
  }

  get dataSource(): DataSource {
    return this.app.get(DataSource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopRegistry?.();
    await this.running.stop();
    await this.database.drop();
    await rm(this.config.home, { recursive: true, force: true });
  }

  /** Calls an endpoint of the table; the answer is checked against its schema, and every failure against that of problems. */
  async call<E extends Endpoint>(endpoint: E, sent: Sent = {}): Promise<Received<z.output<E['response']>>> {
    const path = endpoint.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(sent.params?.[name] ?? ''));
    const query = new URLSearchParams(sent.query).toString();
    const body = typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body);
    const answer = await this.send(endpoint.method, `${apiPrefix}${path}${query && `?${query}`}`, {
      ...sent,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...sent.headers },
      body,
    });
    return received(endpoint, answer);
  }

  async send(method: string, path: string, { as = 'owner', headers = {}, body }: { as?: As; headers?: Record<string, string>; body?: unknown } = {}): Promise<RawAnswer> {
    const all = { ...headers, ...credentials(as) };
    if (as === 'owner') return await overSocket(this.config.path('run', 'control.sock'), method, path, all, body as string | undefined);
    const answer = await fetch(this.url + path, { method, headers: all, ...(body === undefined ? {} : { body: body as string }) });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  async makeUser(role: Role, password = 'a good password'): Promise<User & { email: string }> {
    const user = { id: randomUUID(), kind: 'person' as const, email: `${role}-${randomUUID().slice(0, 8)}@example.com`, name: `a ${role}`, role, passwordHash: await hashPassword(password), disabledAt: null, secondFactorSecret: null, secondFactorSince: null, lastSeenAt: null, createdAt: new Date() };
    await this.dataSource.manager.insert(User, user);
    return user;
  }

  async makeToken(user: Pick<User, 'id'> | null, rights: TokenRight[], change: Partial<ApiToken> = {}): Promise<{ id: string; token: string }> {
    const [id, token] = [randomUUID(), randomSecret('molo_')];
    await this.dataSource.manager.insert(ApiToken, { id, name: 'test', tokenHash: hashSecret(token), userId: user?.id ?? null, rights, ...change });
    return { id, token };
  }

  async makeSession(user: User): Promise<{ session: string }> {
    const { secret } = await this.app.get(SessionsService).start(this.dataSource.manager, user, { ip: null, userAgent: null });
    return { session: secret };
  }
}

interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function testConfig(databaseUrl: string, given: Readonly<Record<string, string>>): Promise<Config> {
  const home = await mkdtemp(join(tmpdir(), 'molo-rest-'));
  const settings = { MOLO_HOME: home, MOLO_DATABASE_URL: databaseUrl, MOLO_REDIS_URL: testRedisUrl(), MOLO_API_PORT: '0', MOLO_SSH_PORT: '0', MOLO_HTTP_PORT: '8080', MOLO_LOG_LEVEL: 'debug', MOLO_DATABASE_POOL: '10', ...given };
  return new Config(Settings.parse(settings), { masterKey: 'ab'.repeat(32), nodeToken: `token-of-the-node-${randomUUID()}` });
}

function credentials(as: As): Record<string, string> {
  if (typeof as === 'string') return {};
  return 'token' in as ? { authorization: `Bearer ${as.token}` } : { cookie: `molo_session=${as.session}` };
}

async function overSocket(socketPath: string, method: string, path: string, headers: Record<string, string>, body: string | undefined): Promise<RawAnswer> {
  return await new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const request = httpRequest({ socketPath, method, path, headers: { ...length, ...headers } }, (answer) => {
      const entries = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as [string, string]);
      text(answer).then((all) => resolve({ status: answer.statusCode ?? 0, headers: new Headers(entries), text: all }), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

function received<E extends Endpoint>(endpoint: E, { status, headers, text: said }: RawAnswer): Received<z.output<E['response']>> {
  if (status >= 400) return { status, headers, text: said, problem: Problem.parse(JSON.parse(said)), ok: undefined as never };
  if (status !== endpoint.status) throw new Error(`${endpoint.method} ${endpoint.path} answered ${status}, the table says ${endpoint.status}`);
  const isJson = endpoint.produces === 'json' && status !== 204;
  return { status, headers, text: said, ok: (isJson ? endpoint.response.parse(JSON.parse(said)) : undefined) as z.output<E['response']>, problem: undefined as never };
}
