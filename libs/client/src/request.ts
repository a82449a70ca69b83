import { AppError, apiPrefix, type Endpoint } from '@molo/contracts';
import type { AnyRequest, CallOptions } from './client.js';
import { isGatewayAnswer, problemOf } from './answer.js';

/** The part of the standard `fetch` that is used here, so that another carrier of requests can be given in its place. */
export type Fetch = (url: string, init: FetchInit) => Promise<Answer>;

/** The part of the standard `Response` that is used here. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Pick<Headers, 'get' | 'getSetCookie'>;
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface Connection {
  readonly baseUrl: string;
  readonly address: string;
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryDelaysMs: readonly number[];
}

/** Waits before the second and the third try; a control plane that restarts is back in about that time. */
export const retryDelaysMs = [150, 600];

/** Every endpoint answers at once, and tells longer work as an event stream or as a deployment. */
const answerWithinMs = 60_000;

type SendOptions = CallOptions & { readonly headers?: Record<string, string> };

/** Asks until an answer comes, and returns it where it is a good one; everything else is thrown as AppError. */
export async function send(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: SendOptions): Promise<Answer> {
  const url = urlOf(connection.baseUrl, endpoint, request);
  const init = initOf(connection, endpoint, request, options);
  for (const delayMs of isSafeToRepeat(endpoint) ? connection.retryDelaysMs : []) {
    const answer = await ask(connection, url, init);
    if (!(answer instanceof AppError) && !isGatewayAnswer(answer)) return await accept(answer, url);
    if (!(answer instanceof AppError)) await answer.body?.cancel();
    await pause(delayMs, options.signal);
  }
  return await accept(await ask(connection, url, init), url);
}

/** The time ends with the first byte: a stream may go on for as long as it likes. */
async function ask(connection: Connection, url: string, init: FetchInit): Promise<Answer | AppError> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${answerWithinMs} ms`)), answerWithinMs);
  try {
    return await connection.fetch(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal });
  } catch (cause) {
    return unreachable(connection, init.signal, cause);
  } finally {
    clearTimeout(timer);
  }
}

async function accept(answer: Answer | AppError, url: string): Promise<Answer> {
  if (answer instanceof AppError) throw answer;
  if (answer.ok) return answer;
  throw await problemOf(answer, url);
}

/** All of an answer; `unavailable` where it breaks off. */
export async function readText(connection: Connection, answer: Answer, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await answer.text();
  } catch (cause) {
    throw unreachable(connection, signal, cause);
  }
}

/** Reading is safe to repeat, and so is a POST by its Idempotency-Key, which belongs to its caller. */
function isSafeToRepeat(endpoint: Endpoint): boolean {
  return endpoint.method === 'GET' || (endpoint.method === 'POST' && endpoint.right !== 'public');
}

const accepted = { json: 'application/json', 'event-stream': 'text/event-stream', download: 'application/jsonl, text/csv' };

function initOf(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: SendOptions): FetchInit {
  const body = endpoint.method === 'GET' || request.body === undefined ? undefined : JSON.stringify(request.body);
  return {
    method: endpoint.method,
    headers: {
      accept: `${accepted[endpoint.produces]}, application/problem+json`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(endpoint.method === 'POST' ? { 'idempotency-key': options.idempotencyKey ?? randomKey() } : {}),
      ...connection.headers,
      ...options.headers,
    },
    ...(body === undefined ? {} : { body }),
    ...(options.signal ? { signal: options.signal } : {}),
  };
}

export function urlOf(baseUrl: string, endpoint: Endpoint, request: AnyRequest): string {
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(request.params?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  const search = query.toString();
  return `${baseUrl}${apiPrefix}${path}${search === '' ? '' : `?${search}`}`;
}

/** `crypto.randomUUID` is missing on pages that are served without TLS, so it is made from random bytes here. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a failed fetch means: `unavailable`, except where the caller ended it. */
export function unreachable(connection: Connection, signal: AbortSignal | undefined, cause: unknown): AppError {
  signal?.throwIfAborted();
  const where = connection.address === '' ? 'The platform' : `The platform at ${connection.address}`;
  return new AppError('unavailable', { detail: `${where} does not answer${reasonOf(cause)}. Check the address, and that the platform is running; then try again.`, cause });
}

/** Node's fetch hides the reason, such as ECONNREFUSED, in the cause of its TypeError. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return ` (${cause.code})`;
  }
  return '';
}

/** Rejects with the signal's reason when that fires first. */
export function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
  });
}
