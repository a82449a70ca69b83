import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { api, apiPrefix, type Endpoint, type EndpointName } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { TestAuthenticator } from '../access/second-factor/test-authenticator.js';
import { type As, TestControlPlane } from '../test-control-plane.js';

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly operationId: EndpointName;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly responses: Readonly<Record<string, Body & { readonly $ref?: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Body>>; readonly schemas: object };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

let platform: TestControlPlane;
let document: Document;
const operations = new Map<EndpointName, Operation>();
/** A schema may point at any other of the document. */
const schemas = new Ajv2020({ strict: false, validateFormats: false });
const named = Object.entries<Endpoint>(api) as [EndpointName, Endpoint][];
const password = 'correct horse battery';
const json = { 'content-type': 'application/json', 'x-molo-csrf': '1' };

beforeAll(async () => {
  platform = await TestControlPlane.start();
  document = JSON.parse((await platform.send('GET', '/api/openapi.json', { as: 'anonymous' })).text) as Document;
  for (const methods of Object.values(document.paths)) for (const each of Object.values(methods)) operations.set(each.operationId, each);
  await platform.call(api.createApp, { body: { name: 'told' } });
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

interface Request {
  readonly app?: string;
  readonly as?: As;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function ask(endpoint: Endpoint, { app = 'ghost', ...sent }: Request = {}): Promise<Answer> {
  const params: Record<string, string> = { app, environment: 'production', number: '1', host: 'nowhere.example.com', team: 'no-team', node: 'no-node' };
  const path = endpoint.path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? randomUUID());
  return await platform.send(endpoint.method, apiPrefix + path, { headers: json, ...sent });
}

function fits(schema: object, value: unknown): boolean {
  return schemas.validate({ ...schema, components: document.components }, value);
}

/** What of an answer is not as the document has it; null where all is. */
function deviation(name: EndpointName, { status, headers, text }: Answer): string | null {
  const told = operations.get(name)?.responses[status];
  if (told === undefined) return `${name}: ${status} is not told`;
  const { content } = told.$ref === undefined ? told : (document.components.responses[told.$ref.split('/').at(-1) ?? ''] ?? {});
  if (content === undefined) return text === '' ? null : `${name}: ${status} is told to have no body`;
  const type = headers.get('content-type')?.split(';')[0] ?? 'none';
  const schema = content[type]?.schema;
  if (schema === undefined) return `${name}: ${status} is not told to be ${type}`;
  return fits(schema, JSON.parse(text)) ? null : `${name}: ${status} ${text.slice(0, 200)} does not fit: ${schemas.errorsText()}`;
}

async function walk(request: Request, of: (endpoint: Endpoint) => boolean = () => true): Promise<{ statuses: Set<number>; deviations: string[] }> {
  const [statuses, deviations] = [new Set<number>(), [] as string[]];
  for (const [name, endpoint] of named.filter(([, each]) => of(each))) {
    const answer = await ask(endpoint, request);
    statuses.add(answer.status);
    const found = deviation(name, answer);
    if (found !== null) deviations.push(found);
  }
  return { statuses, deviations };
}

const takesBody = ({ method }: Endpoint) => method !== 'GET' && method !== 'DELETE';

describe('the OpenAPI document tells status, type and schema of every answer', () => {
  it('to those who may read', async () => {
    const { statuses, deviations } = await walk({ app: 'told' }, ({ method, produces }) => method === 'GET' && produces === 'json');
    expect(deviations).toEqual([]);
    expect(statuses).toEqual(new Set([200, 404]));
  });

  it('about what is not there, to nobody, and to those who may not', async () => {
    const weak = await platform.makeToken(await platform.makeUser('member'), ['read']);
    for (const [as, expected] of [['owner', 404], ['anonymous', 401], [weak, 403]] as const) {
      const { statuses, deviations } = await walk({ as }, ({ path }) => !path.startsWith('/sessions'));
      expect(deviations).toEqual([]);
      expect(statuses).toContain(expected);
    }
  });

  it.each([
    [400, { body: '{"name": ' }],
    [413, { body: JSON.stringify('x'.repeat(1_100_000)) }],
    [415, { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [422, { body: '{"unknown":true}' }],
  ])('to a body that is refused with %i', async (status, request) => {
    const { statuses, deviations } = await walk(request, takesBody);
    expect(deviations).toEqual([]);
    expect(statuses).toEqual(new Set([status]));
  });

  it('to those who guess passwords', async () => {
    const user = await platform.makeUser('member');
    const guesses: { [Name in EndpointName]?: { as: As; body: object } } = { signIn: { as: 'anonymous', body: { email: user.email, password: 'wrong' } }, changePassword: { as: await platform.makeSession(user), body: { current: 'wrong', password: 'a good password' } } };
    for (const name of ['enrolSecondFactor', 'disableSecondFactor', 'renewRecoveryCodes'] as const) guesses[name] = { as: await platform.makeSession(await platform.makeUser('member')), body: { password: 'wrong', ...(name === 'enrolSecondFactor' ? {} : { code: '123456' }) } };
    for (const [name, { as, body }] of Object.entries(guesses) as [EndpointName, { as: As; body: object }][]) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(api[name], { as, body: JSON.stringify(body) })));
      expect(answers.map(({ status }) => status)).toContain(429);
      expect(answers.map((answer) => deviation(name, answer)).filter((found) => found !== null)).toEqual([]);
    }
  });

  it('to those who guess codes', async () => {
    const [signing, confirming] = [await platform.makeUser('member', password), await platform.makeUser('member', password)];
    const app = await TestAuthenticator.enrol(platform, signing, password);
    const required = await ask(api.signIn, { as: 'anonymous', body: JSON.stringify({ email: signing.email, password }) });
    const refused = await ask(api.signIn, { as: 'anonymous', body: JSON.stringify({ email: signing.email, password, code: app.code(50) }) });
    expect([required, refused].map(({ status, text }) => [status, (JSON.parse(text) as { code: string }).code])).toEqual([[401, 'second_factor_required'], [401, 'second_factor_refused']]);
    const as = await platform.makeSession(confirming);
    await ask(api.enrolSecondFactor, { as, body: JSON.stringify({ password }) });
    const answers = await Promise.all(Array.from({ length: 22 }, () => ask(api.confirmSecondFactor, { as, body: JSON.stringify({ code: '12345' }) })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([422, 429]));
    expect([...[required, refused].map((answer) => deviation('signIn', answer)), ...answers.map((answer) => deviation('confirmSecondFactor', answer))].filter((found) => found !== null)).toEqual([]);
  });

  it.each([{}, { email: 'a@example.com' }, { team: 'crew' }, { robot: 'ci' }, { email: 'a@example.com', team: 'crew' }, { team: 'crew', robot: 'ci' }, { email: 'a@example.com', team: 'crew', robot: 'ci' }])('and which members can be named: %j', async (who) => {
    const body = { ...who, role: 'viewer' };
    const { status } = await ask(api.setMember, { app: 'told', body: JSON.stringify(body) });
    expect(fits(operations.get('setMember')?.requestBody?.content['application/json'].schema ?? {}, body)).toBe(status !== 422);
  });

  it('while PostgreSQL is away', async () => {
    const database = new URL(platform.database.url).pathname.slice(1);
    await asAdmin(`alter database "${database}" with allow_connections false`, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`);
    await waitFor(async () => (await ask(api.listApps)).status === 503, { what: 'the database to be missed' });
    const { statuses, deviations } = await walk({});
    await asAdmin(`alter database "${database}" with allow_connections true`);
    await waitFor(async () => (await ask(api.listApps)).status === 200, { what: 'the database to be back' });
    expect(deviations).toEqual([]);
    expect(statuses).toContain(503);
  });
});

async function asAdmin(...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: inject('moloDatabaseUrl') });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
