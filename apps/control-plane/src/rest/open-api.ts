import * as contracts from '@molo/contracts';
import { api, apiPrefix, type Endpoint, Problem, problems } from '@molo/contracts';
import { z } from 'zod';

type Json = { [key: string]: unknown };

/** Things that appear in many places are told once, under `components`. */
const named = z.registry<{ id: string }>();
for (const [name, value] of Object.entries(contracts)) {
  if (value instanceof z.ZodObject || value instanceof z.ZodEnum) named.add(value, { id: name });
}

/** The REST API in OpenAPI 3.1, made from the table of endpoints and from nothing else. */
export function openApiDocument(): Json {
  const components: Record<string, Json> = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => hoist(toJsonSchema(schema, io), components);
  const problem = schemaOf(Problem, 'output');
  const paths: Record<string, Json> = {};
  for (const [name, endpoint] of Object.entries<Endpoint>(api)) {
    const path = apiPrefix + endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint, schemaOf) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Molo', version: 'v1', description: 'Errors are RFC 9457 problem documents with a stable `code`. POST takes an `Idempotency-Key`.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { tokenAsPassword: [] }, { session: [] }],
    paths,
    components: {
      schemas: components,
      responses: { Problem: { description: 'What went wrong and what to do next', content: { 'application/problem+json': { schema: problem } } } },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'API token' },
        tokenAsPassword: { type: 'http', scheme: 'basic', description: 'API token as the password, with any user name' },
        session: { type: 'apiKey', in: 'cookie', name: 'molo_session', description: 'Changes need the header X-Molo-Csrf: 1 as well' },
      },
    },
  };
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json;

function operation(name: string, endpoint: Endpoint, schemaOf: SchemaOf): Json {
  const takesBody = !(endpoint.body instanceof z.ZodUndefined);
  return {
    operationId: name,
    summary: endpoint.summary,
    description: `Needs the right: ${endpoint.right}${endpoint.right === 'public' || endpoint.right === 'any' ? '' : `, on: ${endpoint.on}`}.`,
    tags: [endpoint.tag],
    ...(endpoint.right === 'public' ? { security: [] } : {}),
    parameters: [
      ...parameters(endpoint.params, 'path', schemaOf),
      ...parameters(endpoint.query, 'query', schemaOf),
      ...headers(endpoint),
    ],
    ...(takesBody ? { requestBody: { required: !endpoint.body.safeParse(undefined).success, content: { 'application/json': { schema: schemaOf(endpoint.body, 'input') } } } } : {}),
    responses: { [endpoint.status]: success(endpoint, schemaOf), ...failures(endpoint), default: { $ref: '#/components/responses/Problem' } },
  };
}

function parameters(schema: z.ZodType, place: 'path' | 'query', schemaOf: SchemaOf): Json[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries<z.ZodType>(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || !field.safeParse(undefined).success,
    schema: schemaOf(field, 'input'),
  }));
}

function header(name: string, description: string): Json {
  return { name, in: 'header', required: false, description, schema: { type: 'string', maxLength: 255 } };
}

function headers(endpoint: Endpoint): Json[] {
  return [
    ...(endpoint.method === 'POST' && endpoint.right !== 'public' ? [header('Idempotency-Key', 'The same request with the same key is done once')] : []),
    ...(endpoint.produces === 'event-stream' ? [header('Last-Event-ID', 'Joins the stream after this event')] : []),
  ];
}

function success(endpoint: Endpoint, schemaOf: SchemaOf): Json {
  if (endpoint.status === 204) return { description: 'Done' };
  if (endpoint.produces === 'download') {
    const whole = { 'application/jsonl': { schema: schemaOf(endpoint.response, 'output') }, 'text/csv': { schema: { type: 'string' } } };
    return { description: 'One thing a line: JSON of this schema, or CSV (RFC 4180) with a line of titles', content: whole };
  }
  const type = endpoint.produces === 'event-stream' ? 'text/event-stream' : 'application/json';
  const description = endpoint.produces === 'event-stream' ? 'Server-Sent Events whose data is JSON of this schema; the event `end` ends them' : 'Done';
  return { description, content: { [type]: { schema: schemaOf(endpoint.response, 'output') } } };
}

/** Also what is public refuses wrong credentials and pages of other sites, and whoever sends a body where none is taken is told what is wrong with it. */
const everywhere = ['malformed_request', 'not_signed_in', 'forbidden', 'request_too_slow', 'payload_too_large', 'unsupported_media_type', 'invalid_input', 'unavailable'] as const;

/** These name apps in the body or the query. */
const namesApps: readonly Endpoint[] = [api.createToken, api.listAudit, api.exportAudit];

/** Here somebody could try one password, or code, after the other. */
const countsAttempts: readonly Endpoint[] = [api.signIn, api.acceptInvitation, api.changePassword, api.enrolSecondFactor, api.confirmSecondFactor, api.disableSecondFactor, api.renewRecoveryCodes];

function failures(endpoint: Endpoint): Json {
  const codes: (keyof typeof problems)[] = [
    ...everywhere,
    ...(endpoint.path.includes(':') || namesApps.includes(endpoint) ? (['not_found'] as const) : []),
    ...(endpoint.method === 'GET' ? [] : (['conflict', 'storage_full'] as const)),
    ...(countsAttempts.includes(endpoint) ? (['too_many_attempts'] as const) : []),
  ];
  return Object.fromEntries(codes.map((code) => [problems[code].status, { $ref: '#/components/responses/Problem' }]));
}

/** What a refinement asks for is code; where JSON Schema can say it too, the table has it as `meta`. */
function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', metadata: named as never, override: ({ zodSchema, jsonSchema }) => void Object.assign(jsonSchema, z.globalRegistry.get(zodSchema)) }) as Json;
  return rest;
}

/** Moves `$defs` of one schema to the document's components and points there. */
function hoist(schema: Json, components: Record<string, Json>): Json {
  const { $defs = {}, ...rest } = schema as { $defs?: Record<string, Json> } & Json;
  for (const [name, definition] of Object.entries($defs)) components[name] = repoint(definition) as Json;
  return repoint(rest) as Json;
}

function repoint(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(repoint);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : repoint(inner)]),
  );
}
