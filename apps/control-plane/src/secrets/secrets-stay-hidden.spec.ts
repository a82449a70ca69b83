import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { api, type Endpoint, isFinal } from '@molo/contracts';
import { connectRedis, Queues } from '@molo/queue';
import { testRedisUrl, waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moloItself } from '../access/caller.js';
import { BuildsService } from '../builds/builds.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { SimulatedAgent } from '../deployments/simulated-agent.js';
import { DesiredService } from '../nodes/desired.service.js';
import { NodeReports } from '../nodes/node-reports.js';
import { NodesService } from '../nodes/nodes.service.js';
import { ObservedService } from '../nodes/observed.service.js';
import { type Sent, TestControlPlane } from '../test-control-plane.js';

/** Awkward on purpose: what is escaped somewhere on its way is looked for in its escaped forms too. */
const fresh = () => `s3cret "${randomBytes(12).toString('base64')}" <&>`;
const secrets = new Map<string, string>([
  ['a config secret', fresh()],
  ['a config secret that was replaced', fresh()],
  ['a config secret beside a key that is refused', fresh()],
  ['a config secret in a body that is broken', randomBytes(18).toString('base64url')],
  ['the password of a user', fresh()],
  ['a wrong password', fresh()],
]);
const secret = (name: string): string => secrets.get(name) ?? '';
const there = { app: 'myapp', environment: 'production' };

let platform: TestControlPlane;
let agent: SimulatedAgent;
let token: string;
/** Every command that Redis was sent about the platform's keys: a job that is done leaves nothing behind. */
const commands: string[] = [];
let monitor: Awaited<ReturnType<ReturnType<typeof connectRedis>['monitor']>>;
/** What was told to those who called, but for the one answer that hands a token over. */
const answers: string[] = [];

beforeAll(async () => {
  platform = await TestControlPlane.start();
  secrets.set('the master key', platform.config.masterKey);
  secrets.set('the token of the node', platform.config.nodeToken);
  secrets.set('the claim link', new URL((await readFile(platform.config.path('control-plane', 'claim-link'), 'utf8')).trim()).searchParams.get('token') ?? '');
  const get = <T>(what: abstract new (...parts: never[]) => T): T => platform.app.get<T>(what, { strict: false });
  const [node] = await get(NodesService).list();
  agent = new SimulatedAgent(node!.id, { queues: get(Queues), desired: get(DesiredService), observed: get(ObservedService), builds: get(BuildsService), reports: get(NodeReports) });
  const redis = connectRedis(testRedisUrl());
  monitor = await redis.monitor();
  redis.disconnect();
  monitor.on('monitor', (_: string, words: string[]) => {
    if (words.some((word) => word.includes(platform.redisPrefix))) commands.push(words.join(' '));
  });
  await agent.start();
  await signInAndOut();
  await setConfig();
  await deploy();
  await callAsOthers();
}, 120_000);

afterAll(async () => {
  agent.stop();
  monitor.disconnect();
  await platform[Symbol.asyncDispose]();
});

async function call<E extends Endpoint>(endpoint: E, sent: Sent = {}) {
  const answer = await platform.call(endpoint, sent);
  answers.push(answer.text);
  return answer;
}

async function signInAndOut(): Promise<void> {
  const password = secret('the password of a user');
  await call(api.claim, { as: 'anonymous', body: { token: secret('the claim link'), email: 'ada@example.com', name: 'Ada', password } });
  await call(api.signIn, { as: 'anonymous', body: { email: 'ada@example.com', password: secret('a wrong password') } });
  await call(api.signIn, { as: 'anonymous', body: { email: ['ada@example.com'], password, more: secret('a wrong password') } });
  const { headers } = await call(api.signIn, { as: 'anonymous', body: { email: 'ada@example.com', password } });
  const session = /molo_session=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? '';
  secrets.set('a session', session);
  const made = await platform.call(api.createToken, { as: { session }, headers: { 'x-molo-csrf': '1', 'idempotency-key': 'once' }, body: { name: 'laptop' } });
  token = made.ok.token;
  secrets.set('an API token', token);
  await call(api.listTokens, { as: { session } });
}

async function setConfig(): Promise<void> {
  await call(api.createApp, { as: { token }, body: { name: 'myapp' } });
  const set = (values: Record<string, string>) => call(api.updateConfig, { as: { token }, params: there, body: { set: values, secret: true } });
  await set({ API_KEY: secret('a config secret that was replaced') });
  await set({ API_KEY: secret('a config secret') });
  expect((await set({ 'NO-KEY': secret('a config secret beside a key that is refused') })).status).toBe(422);
  expect((await call(api.updateConfig, { as: { token }, params: there, body: `{"set":{"A":"${secret('a config secret in a body that is broken')}` })).status).toBe(400);
  expect((await call(api.updateConfig, { as: { token }, params: there, body: { set: { A: [secret('a config secret beside a key that is refused')] } } })).status).toBe(422);
  await call(api.getConfig, { as: { token }, params: there });
}

/** One that goes live, one whose build fails, one whose instances fail, and one without a build. */
async function deploy(): Promise<void> {
  expect(await pushed()).toBe('live');
  agent.buildFailure = { code: 'build_step_failed', detail: 'Step 3 ended with exit code 1.' };
  expect(await pushed()).toBe('failed');
  agent.buildFailure = null;
  agent.fate = () => ({ observed: 'failed', failure: { code: 'instance_exited', detail: 'It ended with exit code 1.' }, exitCode: 1 });
  expect(await pushed()).toBe('failed');
  agent.fate = () => ({ observed: 'healthy' });
  const { ok } = await call(api.updateConfig, { as: { token }, params: there, body: { set: { OTHER: secret('a config secret') }, secret: true } });
  expect(await over(ok.deployment?.id ?? '')).toBe('live');
}

async function pushed(): Promise<string> {
  const [app] = await platform.dataSource.query<{ id: string }[]>('select id from apps');
  const id = () => randomUUID().replaceAll('-', '').padEnd(40, '0');
  const { deploymentId } = await platform.app.get(DeploymentsService, { strict: false }).push({ appId: app!.id, environmentName: 'production', commit: { id: id(), subject: 'Change', author: 'Ada' }, treeId: id(), sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1000, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself });
  return await over(deploymentId);
}

async function over(deploymentId: string): Promise<string> {
  return await waitFor(async () => {
    const { ok } = await call(api.getDeployment, { as: { token }, params: { deploymentId } });
    return isFinal(ok.state) && ok.state;
  }, { timeoutMs: 30_000, what: `the end of deployment ${deploymentId}` });
}

async function callAsOthers(): Promise<void> {
  for (const endpoint of [api.listReleases, api.listDeployments, api.listInstances, api.getConfig]) await call(endpoint, { params: there });
  await call(api.listAudit, { query: { limit: '200' } });
  const node = await platform.send('GET', '/agent/v1/desired', { as: { token: platform.config.nodeToken } });
  expect(JSON.parse(node.text)).toMatchObject({ instances: [{ env: { API_KEY: secret('a config secret') } }] });
  for (const wrong of [secret('an API token'), secret('the claim link')]) answers.push((await platform.send('GET', '/agent/v1/desired', { as: { token: wrong } })).text);
  await platform.send('GET', `/api/v1/apps?token=${encodeURIComponent(token)}`, { as: { token } });
  const git = promisify(execFile)('git', ['ls-remote', `${platform.url.replace('http://', `http://x:${token}@`)}/git/myapp.git`]);
  await git;
}

describe('a secret that the platform was told, or made itself', () => {
  it('is in no line of the log, at its most talkative', () => {
    expect(platform.logLines.some((line) => line.includes('"level":20'))).toBe(true);
    expect(platform.logLines.join('\n')).toContain('/apps/myapp/environments/production/config');
    expect(found(platform.logLines.join('\n'))).toEqual([]);
  });

  it('is in no answer, be it a problem or not', () => {
    expect(answers.join('\n')).toContain('NO-KEY');
    expect(found(answers.join('\n'))).toEqual([]);
  });

  it('is in no job, and in nothing else that Redis was ever told', async () => {
    expect(commands.join('\n')).toMatch(/build\.run@\d+.*buildId/);
    expect(found(commands.join('\n'))).toEqual([]);
    expect(found(await redisText())).toEqual([]);
  });

  it('is in no column of any table: journal, audit, releases and all others', async () => {
    const all = await databaseText();
    expect(all).toContain('instance_exited');
    expect(all).toContain('config.');
    expect(found(all)).toEqual([]);
  });

  it('is in no file but the ones that are there to hold it', async () => {
    const files = await readdir(platform.config.home, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(files.filter((file) => file.isFile()).map(async (file) => await readFile(join(file.parentPath, file.name), 'latin1')));
    expect(texts.length).toBeGreaterThan(0);
    expect(found(texts.join('\n'))).toEqual([]);
  });
});

/** Names of the secrets that stand in a text, as they are or as programs write them. */
function found(text: string): string[] {
  return [...secrets].filter(([, value]) => value.length < 10 || formsOf(value).some((form) => text.includes(form))).map(([name]) => name);
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  return [value, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(value), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')];
}

async function redisText(): Promise<string> {
  const redis = connectRedis(testRedisUrl());
  try {
    const keys = await redis.keys(`${platform.redisPrefix}*`);
    const values = await Promise.all(keys.map(async (key) => [key, await valueOf(redis, key, await redis.type(key))]));
    return JSON.stringify(values);
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: ReturnType<typeof connectRedis>, key: string, type: string): Promise<unknown> {
  switch (type) {
    case 'hash':
      return await redis.hgetall(key);
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'zset':
      return await redis.zrange(key, 0, -1);
    case 'set':
      return await redis.smembers(key);
    case 'stream':
      return await redis.xrange(key, '-', '+');
    case 'string':
      return await redis.get(key);
    default:
      throw new Error(`${key} is a ${type}: look into that, too`);
  }
}

async function databaseText(): Promise<string> {
  const tables: { name: string }[] = await platform.dataSource.query(`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`);
  expect(tables.length).toBeGreaterThan(10);
  const rows = await Promise.all(tables.map(async ({ name }) => await platform.dataSource.query<{ row: string }[]>(`select to_jsonb(t)::text as row from "${name}" t`)));
  return rows.flat().map(({ row }) => row).join('\n');
}
