import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { api, apiPrefix, AppError, type Endpoint, type EndpointName } from '@molo/contracts';
import type { ResponseOf } from '@molo/client';

export interface Asked {
  readonly name: EndpointName;
  readonly params: Record<string, string>;
  readonly query: Record<string, unknown>;
  readonly body: unknown;
  readonly authorization: string | undefined;
  /** Where a stream is joined again. */
  readonly lastEventId: string | undefined;
}

type Answer<Name extends EndpointName> = (asked: Asked) => ResponseOf<Name> | AsyncIterable<ResponseOf<Name>> | Promise<ResponseOf<Name>>;
export type Answers = { [Name in EndpointName]?: Answer<Name> };

/**
 * A real HTTP server that stands in for the control plane: routes, bodies and answers are held to the schemas of the
 * table, so that a command which says anything else fails. What a test gives no answer for is not found.
 */
export class StandInPlatform {
  readonly asked: Asked[] = [];
  private readonly server: Server;

  constructor(readonly answers: Answers) {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error: unknown) => refuse(response, error));
    });
  }

  async listen(where: string | number): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(where, listening));
  }

  get url(): string {
    const address = this.server.address();
    return typeof address === 'object' && address ? `http://localhost:${address.port}` : '';
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { name, endpoint, params } = route(request);
    const query = endpoint.query.parse(Object.fromEntries(new URL(request.url ?? '', 'http://x').searchParams)) as Record<string, unknown>;
    const asked: Asked = { name, params, query, body: endpoint.body.parse(await readBody(request)), authorization: request.headers.authorization, lastEventId: request.headers['last-event-id']?.toString() };
    this.asked.push(asked);
    const answer = this.answers[name];
    if (!answer) throw new AppError('not_found', { detail: `There is no ${name} here.` });
    const given = await answer(asked);
    if (endpoint.produces === 'event-stream') await stream(response, endpoint, given as AsyncIterable<unknown>, Number(asked.lastEventId ?? 0));
    else if (endpoint.produces === 'download') await send(response, endpoint, given as AsyncIterable<unknown>);
    else if (endpoint.status === 204) response.writeHead(204).end();
    else response.writeHead(endpoint.status, { 'content-type': 'application/json' }).end(JSON.stringify(endpoint.response.parse(given)));
  }
}

function route(request: IncomingMessage): { name: EndpointName; endpoint: Endpoint; params: Record<string, string> } {
  const path = new URL(request.url ?? '', 'http://x').pathname;
  for (const [name, endpoint] of Object.entries(api)) {
    const pattern = new RegExp(`^${apiPrefix}${endpoint.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    const match = pattern.exec(path);
    if (match && endpoint.method === request.method) return { name: name as EndpointName, endpoint, params: { ...match.groups } };
  }
  throw new AppError('not_found', { detail: `There is no ${request.method} ${path}.` });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as unknown);
}

/** Events have numbers, from `seen` on. Events that throw break the connection off, as a platform that dies does. */
async function stream(response: ServerResponse, endpoint: Endpoint, events: AsyncIterable<unknown>, seen: number): Promise<void> {
  let id = seen;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  try {
    for await (const event of events) await write(response, `id: ${++id}\ndata: ${JSON.stringify(endpoint.response.parse(event))}\n\n`);
    response.end('event: end\ndata: {}\n\n');
  } catch {
    response.destroy();
  }
}

/** As JSON Lines, whatever was asked for. What throws breaks the connection off, as a platform that dies does. */
async function send(response: ServerResponse, endpoint: Endpoint, lines: AsyncIterable<unknown>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/jsonl' });
  try {
    for await (const line of lines) await write(response, `${JSON.stringify(endpoint.response.parse(line))}\n`);
    response.end();
  } catch {
    response.destroy();
  }
}

/** Resolves when the bytes are on their way, so that what breaks off afterwards does not take them along. */
async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed) throw new Error('The reader is gone.');
  await new Promise((written) => response.write(text, written));
}

function refuse(response: ServerResponse, error: unknown): void {
  const problem = error instanceof AppError ? error : new AppError('invalid_input', { detail: `The table does not take this: ${String(error)}` });
  response.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem.toProblem()));
}
