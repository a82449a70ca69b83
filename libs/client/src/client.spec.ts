import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, type DeploymentEvent, type Problem } from '@molo/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from './client.js';

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server ? server.close(done) : done(undefined)));
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

const platform = { version: '0.1.0', claimed: true, parts: [] };
const notFound: Problem = { type: 'urn:molo:problem:not_found', title: 'There is no such thing', status: 404, code: 'not_found', detail: 'There is no app nope.' };
const deploymentId = '6f2f4f9a-52a2-4f60-9a2f-0d6b6f2f4f9a';

describe('calls', () => {
  test('puts params into the path, query into the address and the body into JSON', async () => {
    const seen: unknown[] = [];
    const baseUrl = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push([request.method, request.url, request.headers.authorization, body]);
        answer(response, 200, { items: [], nextCursor: null, deployment: null });
      });
    });
    const client = createClient({ baseUrl: `${baseUrl}/`, headers: { authorization: 'Bearer secret' } });
    await client.listApps({ query: { limit: 2, cursor: undefined } });
    await client.updateConfig({ params: { app: 'my-app', environment: 'production' }, body: { set: { A: '1' } } });
    expect(seen).toEqual([
      ['GET', '/api/v1/apps?limit=2', 'Bearer secret', undefined],
      ['PATCH', '/api/v1/apps/my-app/environments/production/config', 'Bearer secret', { set: { A: '1' } }],
    ]);
  });

  test('never lets a param leave its place in the path', async () => {
    const baseUrl = await serve((request, response) => answer(response, 404, { ...notFound, detail: request.url ?? '' }, 'application/problem+json'));
    const error = await failureOf(createClient({ baseUrl }).getApp({ params: { app: '../tokens?x' } }));
    expect(error.detail).toBe('/api/v1/apps/..%2Ftokens%3Fx');
  });

  test('throws a problem document as AppError with its code, detail and field errors', async () => {
    const errors = [{ path: 'name', message: 'is reserved; take another name' }];
    const baseUrl = await serve((_, response) => answer(response, 422, { ...notFound, code: 'invalid_input', errors }, 'application/problem+json'));
    const error = await failureOf(createClient({ baseUrl }).createApp({ body: { name: 'molo' } }));
    expect(error).toMatchObject({ code: 'invalid_input', detail: 'There is no app nope.', errors });
  });

  test('gives a code that it does not know the meaning of its status', async () => {
    const baseUrl = await serve((_, response) => answer(response, 409, { ...notFound, code: 'of_tomorrow' }, 'application/problem+json'));
    expect(await failureOf(createClient({ baseUrl }).status())).toMatchObject({ code: 'malformed_request' });
  });

  test('says what to do when nothing answers', async () => {
    const baseUrl = await serve(() => undefined);
    await new Promise((closed) => server?.close(closed));
    const error = await failureOf(createClient({ baseUrl }).status());
    expect(error.code).toBe('unavailable');
    expect(error.detail).toMatch(/^The platform at http:.* does not answer \(ECONNREFUSED\)\. Check the address/);
  });

  test('says that an address which serves something else is not a Molo platform', async () => {
    const baseUrl = await serve((_, response) => answer(response, 200, '<html>', 'text/html'));
    const error = await failureOf(createClient({ baseUrl }).status());
    expect(error).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('Check the address') as string });
  });

  test('rejects an answer of another shape instead of passing it on', async () => {
    const baseUrl = await serve((_, response) => answer(response, 200, { version: 7 }));
    expect(await failureOf(createClient({ baseUrl }).status())).toMatchObject({ code: 'internal' });
  });

  test('takes an answer that breaks off for a platform that is away', async () => {
    const baseUrl = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"version":', () => request.socket.destroy());
    });
    expect(await failureOf(createClient({ baseUrl }).status())).toMatchObject({ code: 'unavailable' });
  });

  test('repeats a POST under one idempotency key while the ingress says that nobody is there', async () => {
    const keys: unknown[] = [];
    const baseUrl = await serve((request, response) => {
      keys.push(request.headers['idempotency-key']);
      if (keys.length < 3) answer(response, 503, '<html>', 'text/html');
      else answer(response, 201, { id: deploymentId, name: 'laptop', type: 'ssh-ed25519', fingerprint: 'SHA256:x', createdAt: '2026-01-02T03:04:05.000Z' });
    });
    const key = await createClient({ baseUrl }).addSshKey({ body: { name: 'laptop', publicKey: 'ssh-ed25519 AAAA' } });
    expect(key.name).toBe('laptop');
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  test('never repeats a change that has no idempotency key', async () => {
    let requests = 0;
    const baseUrl = await serve((_, response) => {
      requests++;
      answer(response, 503, '<html>', 'text/html');
    });
    const call = createClient({ baseUrl }).deleteApp({ params: { app: 'myapp' } });
    expect(await failureOf(call)).toMatchObject({ code: 'unavailable' });
    expect(requests).toBe(1);
  });

  test('asks once alone where it is told to', async () => {
    let requests = 0;
    const baseUrl = await serve((_, response) => {
      requests++;
      answer(response, 503, '<html>', 'text/html');
    });
    expect(await failureOf(createClient({ baseUrl, retryDelaysMs: [] }).status())).toMatchObject({ code: 'unavailable' });
    expect(requests).toBe(1);
  });

  test('ends with the reason of the signal when the caller gives up', async () => {
    const baseUrl = await serve(() => undefined);
    const giveUp = new AbortController();
    const call = createClient({ baseUrl }).status({}, { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  test('carries requests through the fetch that it was given', async () => {
    const client = createClient({ baseUrl: 'http://molo', fetch: (url, init) => Promise.resolve(Response.json({ ...platform, version: `${init.method} ${url}` })) });
    expect(await client.status()).toMatchObject({ version: 'GET http://molo/api/v1/status' });
  });
});

describe('streams', () => {
  const at = '2026-01-02T03:04:05.000Z';
  const frame = (seq: number) => `id: ${seq}\nevent: log\ndata: ${JSON.stringify({ kind: 'log', seq, at, source: 'build', text: `line ${seq}` } satisfies DeploymentEvent)}\n\n`;

  function stream(response: ServerResponse, text: string): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text);
  }

  async function seqs(events: AsyncIterable<DeploymentEvent>): Promise<number[]> {
    const seen: number[] = [];
    for await (const event of events) seen.push(event.seq);
    return seen;
  }

  test('yields every event and ends at the end event', async () => {
    const baseUrl = await serve((_, response) => stream(response, `: hello\n\n${frame(1)}${frame(2)}event: end\ndata: {}\n\n${frame(3)}`));
    expect(await seqs(createClient({ baseUrl }).followDeployment({ params: { deploymentId } }))).toEqual([1, 2]);
  });

  test('joins again after the last event seen when the connection breaks', async () => {
    const joined: unknown[] = [];
    const told: string[] = [];
    const baseUrl = await serve((request, response) => {
      const last = Number(request.headers['last-event-id'] ?? 0);
      joined.push(request.headers['last-event-id']);
      if (joined.length === 2) request.socket.destroy();
      else if (last < 4) stream(response, `${frame(last + 1)}${frame(last + 2)}`);
      else stream(response, 'event: end\ndata: {}\n\n');
      if (joined.length === 1) setImmediate(() => request.socket.destroy());
      else response.end();
    });
    const events = createClient({ baseUrl }).followDeployment({ params: { deploymentId } }, { onReconnect: (cause) => told.push(cause.code), onJoined: () => told.push('joined') });
    expect(await seqs(events)).toEqual([1, 2, 3, 4]);
    expect(joined).toEqual([undefined, '2', '2', '4']);
    expect(told).toEqual(['unavailable', 'joined', 'unavailable', 'joined']);
  });

  test('joins again when an open connection falls mute', async () => {
    let joined = 0;
    const baseUrl = await serve((_, response) => {
      joined++;
      stream(response, joined === 1 ? frame(1) : `${frame(2)}event: end\ndata: {}\n\n`);
    });
    const events = createClient({ baseUrl }).followDeployment({ params: { deploymentId } }, { brokenAfterMs: 50 });
    expect(await seqs(events)).toEqual([1, 2]);
  });

  test('starts after the event that the caller names', async () => {
    const baseUrl = await serve((request, response) => stream(response, `${frame(Number(request.headers['last-event-id']) + 1)}event: end\ndata:\n\n`));
    expect(await seqs(createClient({ baseUrl }).followDeployment({ params: { deploymentId } }, { lastEventId: '41' }))).toEqual([42]);
  });

  test('throws the problem that refuses a stream', async () => {
    const baseUrl = await serve((_, response) => answer(response, 404, notFound, 'application/problem+json'));
    const error = await failureOf(seqs(createClient({ baseUrl }).followDeployment({ params: { deploymentId } })));
    expect(error.code).toBe('not_found');
  });

  test('gives up on a platform that stays away', async () => {
    const baseUrl = await serve((request, response) => {
      stream(response, frame(1));
      setImmediate(() => {
        server?.close();
        request.socket.destroy();
      });
    });
    const events = createClient({ baseUrl }).followDeployment({ params: { deploymentId } }, { giveUpAfterMs: 200 });
    expect(await failureOf(seqs(events))).toMatchObject({ code: 'unavailable' });
  });

  test('lets go of the connection when the caller stops listening', async () => {
    const closed = new Promise((resolve) => {
      void serve((request, response) => {
        request.socket.once('close', resolve);
        stream(response, frame(1));
      }).then(async (baseUrl) => {
        for await (const event of createClient({ baseUrl }).followDeployment({ params: { deploymentId } })) {
          if (event.seq === 1) break;
        }
      });
    });
    await closed;
  });

  test('ends with the reason of the signal while it waits for the next event', async () => {
    const giveUp = new AbortController();
    const baseUrl = await serve((_, response) => stream(response, frame(1)));
    const reading = (async () => {
      for await (const _ of createClient({ baseUrl }).followDeployment({ params: { deploymentId } }, { signal: giveUp.signal })) giveUp.abort(new Error('detached'));
    })();
    await expect(reading).rejects.toThrow('detached');
  });
});
