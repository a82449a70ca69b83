import { type IncomingMessage, Agent, request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { api, apiPrefix, type Endpoint, Problem } from '@molo/contracts';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestControlPlane } from '../test-control-plane.js';
import { hostileText, hostileValue, type Schema, valuesOf } from './hostile-values.js';
import { openApiDocument } from './open-api.js';

/** Whoever looks for more than a run of the tests does takes other numbers here. */
const seed = 20_260_731;
const requestsPerCaller = 12;
const answersWithinMs = 5000;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: keyof typeof api;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** Whether the document has this method for this address. */
  readonly isDescribed: boolean;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The whole of it; of an event stream its beginning. */
  readonly text: string;
}

// The routes are known before the platform is up; that it tells the same is looked at first of all.
const told = JSON.parse(JSON.stringify(openApiDocument())) as Document;
const routes = Object.entries(told.paths)
  .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })))
  // Last what takes away the things that the others are tried on.
  .toSorted((one, other) => Number(one.method === 'DELETE') - Number(other.method === 'DELETE'));
const callers = ['nobody', 'a token to read', 'a token to deploy', 'a token to administer', 'an expired token', 'a revoked token'] as const;
type CallerName = (typeof callers)[number];

let platform: TestControlPlane;
const agent = new Agent({ keepAlive: true, maxSockets: 20 });
const credentials = new Map<CallerName, Record<string, string>>();

beforeAll(async () => {
  platform = await TestControlPlane.start();
  const sysadmin = await platform.makeUser('sysadmin');
  const bearer = ({ token }: { token: string }) => ({ authorization: `Bearer ${token}` });
  credentials.set('nobody', {});
  credentials.set('a token to read', bearer(await platform.makeToken(sysadmin, ['read'])));
  credentials.set('a token to deploy', bearer(await platform.makeToken(sysadmin, ['read', 'deploy'])));
  credentials.set('a token to administer', bearer(await platform.makeToken(sysadmin, ['read', 'deploy', 'administer'])));
  credentials.set('an expired token', bearer(await platform.makeToken(sysadmin, ['administer'], { expiresAt: new Date(Date.now() - 1000) })));
  credentials.set('a revoked token', bearer(await platform.makeToken(sysadmin, ['administer'], { revokedAt: new Date() })));
  await platform.call(api.createApp, { body: { name: 'fuzzed' } });
  await platform.call(api.updateConfig, { params: there, body: { set: { GREETING: 'hello' } } });
});

afterAll(async () => {
  agent.destroy();
  await platform[Symbol.asyncDispose]();
});

/** Operations that were done at least once: else all of this might have looked at refusals alone. */
const doneWell = new Set<string>();

/** What is there, so that requests get further than "there is no such thing". */
const there: Record<string, string> = { app: 'fuzzed', environment: 'production', number: '1', node: 'local' };

it('starts from the document that the platform itself tells', async () => {
  const { text } = await platform.send('GET', '/api/openapi.json', { as: 'anonymous' });
  expect(JSON.parse(text)).toEqual(told);
  expect(routes.length).toBe(Object.keys(api).length);
});

describe('whatever is asked, nothing is changed by', () => {
  it('reading, whoever asks for whatever', async () => {
    const reads = routes.filter(({ method }) => method === 'GET');
    await settled();
    const before = await everything();
    for (const route of reads) for (const caller of callers) await fuzz(route, caller, 3, fc.constantFrom('GET', 'HEAD', 'OPTIONS'));
    expect(await everything()).toEqual(before);
  }, 60_000);
});

describe.each(routes)('$method $path', (route) => {
  it.each(callers)('has an answer that the document tells, for %s', async (caller) => {
    await fuzz(route, caller, requestsPerCaller, fc.oneof({ weight: 9, arbitrary: fc.constant(route.method) }, { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'TRACE', 'PUT', 'PROPFIND', 'DELETE', 'PATCH').filter((method) => method !== 'DELETE' || route.path.includes('Id}')) }));
  });
});

it('came through to what the routes do, and not to refusals alone', () => {
  const needARelease = ['rollBack', 'redeploy', 'getRelease', 'getDeployment', 'cancelDeployment', 'followDeployment', 'promote', 'getDeploymentChanges', 'approveDeployment', 'declineDeployment'];
  const needWhatNoSchemaTells = ['createToken', 'removeRobot', 'listRobotTokens', 'createRobotToken', 'revokeRobotToken', 'endSession', 'listUserSessions', 'endUserSessions', 'createTeam', 'updateTeam', 'removeTeam', 'addTeamUser', 'removeTeamUser', 'inviteUser', 'updateUser', 'removeUser', 'renewInvitation', 'acceptInvitation', 'changePassword', 'enrolSecondFactor', 'confirmSecondFactor', 'disableSecondFactor', 'renewRecoveryCodes', 'removeUserSecondFactor', 'updateMe', 'setMember', 'changeMember', 'removeMember', 'claim', 'signIn', 'addSshKey', 'addDomain', 'revokeToken', 'removeSshKey', 'removeDomain', 'removeNode', 'removeEnvironment'];
  expect(routes.map(({ operation }) => operation.operationId).filter((id) => !doneWell.has(id) && ![...needARelease, ...needWhatNoSchemaTells].includes(id))).toEqual([]);
});

type Route = (typeof routes)[number];

async function fuzz(route: Route, caller: CallerName, numRuns: number, method: fc.Arbitrary<string>): Promise<void> {
  const property = fc.asyncProperty(requestOf(route, method), async (sent) => {
    const got = await answerTo({ ...sent, headers: { ...sent.headers, ...credentials.get(caller) } });
    check(route, sent, got);
    if (sent.isDescribed && got.status < 300) doneWell.add(route.operation.operationId);
  });
  await fc.assert(property, { seed, numRuns, endOnFailure: true });
}

/** A request for a route: as the document describes it, or with one part of it as nobody should send it. */
function requestOf({ path, method: own, operation }: Route, method: fc.Arbitrary<string>): fc.Arbitrary<Sent> {
  const parameters = (place: Parameter['in']) => operation.parameters.filter((each) => each.in === place);
  const param = (each: Parameter) => fc.oneof({ weight: 12, arbitrary: fc.constant(encodeURIComponent(there[each.name] ?? crypto.randomUUID())) }, { weight: 2, arbitrary: valuesOf(each.schema, told).map((value) => encoded(String(value))) }, { weight: 1, arbitrary: hostileText.map(encoded) }, { weight: 1, arbitrary: fc.constantFrom('..', '.', '%2e%2e', '..%2f..%2fetc', '%00', '%E0%A4%A', 'a;b', 'a%20b') });
  const values = fc.tuple(...parameters('path').map(param));
  const query = fc.oneof(
    fc.record(Object.fromEntries(parameters('query').map((each) => [each.name, valuesOf(each.schema, told).map(String)])), { requiredKeys: [] }).map((pairs) => queryOf(Object.entries(pairs))),
    fc.array(fc.tuple(fc.constantFrom(...parameters('query').map(({ name }) => name), '__proto__', 'a[b]', 'limit', 'after', ''), hostileText), { maxLength: 3 }).map(queryOf),
  );
  const schema = operation.requestBody?.content['application/json'].schema;
  return fc.record({ method, values, query, headers: hostileHeaders(own), body: bodyOf(schema) }).map(({ method: taken, values: filled, query: search, headers, body }) => {
    let index = 0;
    const address = path.replaceAll(/\{\w+\}/g, () => filled[index++] ?? '');
    const takesBody = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(taken);
    // An address too long to be read is answered with a body, also where it was HEAD that could not be read.
    const isReadable = taken !== 'HEAD' || search.length < 8000;
    return { method: taken, path: isReadable ? address + search : address, headers: takesBody ? { ...headers, ...body.headers } : headers, body: takesBody ? body.bytes : null, isDescribed: taken === own };
  });
}

function hostileHeaders(method: string): fc.Arbitrary<Record<string, string>> {
  const visible = hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').trim().slice(0, 1000));
  const headers = { 'last-event-id': visible, cookie: visible.map((text) => `molo_session=${text}`), origin: fc.constantFrom('null', 'http://evil.example', 'x'), 'x-forwarded-for': visible, accept: fc.constantFrom('text/html', 'a/b', '*/*;q=x') };
  return fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.record({ ...headers, ...(method === 'POST' ? { 'idempotency-key': visible } : {}) }, { requiredKeys: [] }) }) as fc.Arbitrary<Record<string, string>>;
}

const zippedBodies = [gzipSync('{"name":"zipped"}'), gzipSync(Buffer.alloc(20 * 1024 ** 2)), Buffer.from('no gzip')];
const tooLargeBody = Buffer.alloc(1_100_000, '"');

interface Body {
  readonly bytes: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

function bodyOf(schema: Schema | undefined): fc.Arbitrary<Body> {
  const json = { 'content-type': 'application/json' };
  const good = (schema ? valuesOf(schema, told) : fc.constant(undefined)).map((value): Body => ({ bytes: value === undefined ? null : Buffer.from(JSON.stringify(value)), headers: value === undefined ? {} : json }));
  const mutated = fc.tuple(schema ? valuesOf(schema, told) : fc.constant({}), fc.constantFrom(...Object.keys(schema?.properties ?? {}), '__proto__', 'constructor', 'unknown'), hostileValue).map(([value, key, hostile]): Body => ({ bytes: Buffer.from(withKey(value, key, hostile)), headers: json }));
  const bytes = fc.oneof(fc.constantFrom('', '{', '{"name":', '[', 'null', 'NaN', '"\\ud800"', '1e999', '{"a":1}{"b":2}', '\ufeff{}', `${'['.repeat(50_000)}`).map((text) => Buffer.from(text)), fc.uint8Array({ maxLength: 50 }).map((raw) => Buffer.from(raw)), hostileValue.map((value) => Buffer.from(JSON.stringify(value))));
  const types = fc.constantFrom<Record<string, string>>(json, {}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=utf-16' }, { 'content-type': 'application/x-www-form-urlencoded' }, { 'content-type': 'multipart/form-data; boundary=x' }, { 'content-type': 'application/json', 'content-encoding': 'br' }, { 'content-type': '/' });
  const raw = fc.tuple(bytes, types).map(([all, headers]): Body => ({ bytes: all, headers }));
  const zipped = fc.constantFrom(...zippedBodies).map((all): Body => ({ bytes: all, headers: { ...json, 'content-encoding': 'gzip' } }));
  const large = fc.constant<Body>({ bytes: tooLargeBody, headers: json });
  return fc.oneof({ weight: 6, arbitrary: good }, { weight: 6, arbitrary: mutated }, { weight: 4, arbitrary: raw }, { weight: 1, arbitrary: zipped }, { weight: 1, arbitrary: large });
}

/** Written by hand, since `__proto__` must stand in the text. */
function withKey(value: unknown, key: string, hostile: unknown): string {
  const entries = Object.entries(value ?? {}).filter(([name]) => name !== key);
  return `{${[...entries, [key, hostile] as const].map(([name, inner]) => `${JSON.stringify(name)}:${JSON.stringify(inner) ?? 'null'}`).join(',')}}`;
}

function encoded(text: string): string {
  const bytes = Array.from(Buffer.from(text), (byte) => (/[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`));
  return bytes.join('') || '%20';
}

function queryOf(pairs: readonly (readonly [string, unknown])[]): string {
  return pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`).join('&')}`;
}

/** Sent as it is: `fetch` would tidy it up. */
async function answerTo({ method, path, headers, body }: Sent): Promise<Got> {
  return await new Promise((resolve, reject) => {
    const { hostname, port } = new URL(platform.url);
    const request = httpRequest({ hostname, port, agent, method, path, headers: { ...headers, ...(body === null ? {} : { 'content-length': String(body.length) }) } });
    const late = setTimeout(() => request.destroy(new Error(`no answer within ${answersWithinMs} ms`)), answersWithinMs);
    request.on('error', reject);
    request.on('response', (answer) => {
      let text = '';
      const done = () => {
        clearTimeout(late);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      };
      // A stream that is being followed has no end of its own.
      if (answer.headers['content-type']?.startsWith('text/event-stream')) {
        done();
        request.destroy();
        return;
      }
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', done).on('error', reject);
    });
    request.end(body ?? undefined);
  });
}

const innards = /node_modules|\bat \S+ \(|\.(js|ts):\d+:\d+|QueryFailedError|TypeError|RangeError|violates|syntax error at|invalid input syntax|ECONN|file:\/\//;

function check({ operation }: Route, sent: Sent, got: Got): void {
  const endpoint: Endpoint = api[operation.operationId];
  expect(got.status, platform.logLines.findLast((line) => line.includes('a request failed'))).toBeLessThan(500);
  expect(got.text).not.toMatch(innards);
  expect(got.text).not.toContain(platform.config.home);
  if (sent.isDescribed && reaches(endpoint, sent.path)) expect(Object.keys(operation.responses)).toContain(String(got.status));
  if (got.status >= 400) {
    expect(got.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    if (sent.method === 'HEAD') return;
    const problem = Problem.strict().parse(JSON.parse(got.text));
    expect([problem.status, problem.detail.length > 10]).toEqual([got.status, true]);
    return;
  }
  if (sent.method === 'HEAD' || got.status === 204) expect(got.text).toBe('');
  else if (sent.isDescribed && endpoint.produces === 'json' && reaches(endpoint, sent.path)) endpoint.response.parse(JSON.parse(got.text));
}

const patterns = new Map(Object.values<Endpoint>(api).map((endpoint) => [endpoint, new RegExp(`^${apiPrefix}${endpoint.path.replaceAll(/:\w+/g, '[^/]+')}$`)]));

/** Whether an address is still one of the route, once its dots are taken for what they mean. */
function reaches(endpoint: Endpoint, path: string): boolean {
  const address = path.split('?')[0] ?? '';
  return !address.split('/').includes('.') && !address.split('/').includes('..') && (patterns.get(endpoint)?.test(address) ?? false);
}

/** Every row of every table, but for what a look at a token notes of itself. */
async function everything(): Promise<Record<string, unknown>> {
  const tables: { name: string }[] = await platform.dataSource.query(`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`);
  const rows = await Promise.all(tables.map(async ({ name }) => [name, await platform.dataSource.query(`select to_jsonb(t) - 'last_used_at' - 'last_seen_at' as row from "${name}" t order by 1`)] as const));
  return Object.fromEntries(rows);
}

/** What creating the app has set going is done. */
async function settled(): Promise<void> {
  await expect.poll(async () => await platform.dataSource.query('select count(*)::int as waiting from outbox'), { timeout: 10_000 }).toEqual([{ waiting: 0 }]);
}
