import { type AppError, api, type Api, type Endpoint, type EndpointName } from '@molo/contracts';
import type { z } from 'zod';
import { type Connection, type Fetch, readText, retryDelaysMs, send } from './request.js';
import { parseAnswer } from './answer.js';
import { download } from './download.js';
import { follow } from './event-stream.js';

export interface ClientOptions {
  /** Where the platform is, such as `http://molo.localhost`; empty for the page's own address in a browser. */
  readonly baseUrl: string;
  /** How errors name the platform where `baseUrl` would say nothing to people. */
  readonly address?: string;
  /** Carries the requests, for example over a unix socket. */
  readonly fetch?: Fetch;
  /** Sent with every request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Waits before each further try where the platform does not answer, in milliseconds (default: 150 and 600); none: one try alone. */
  readonly retryDelaysMs?: readonly number[] | undefined;
}

export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The same key twice does the thing once; a random one is made where none is given. */
  readonly idempotencyKey?: string | undefined;
}

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** Joins the stream after this event. */
  readonly lastEventId?: string | undefined;
  /** Longest time without any answer before the stream is given up, in milliseconds (default 60,000). */
  readonly giveUpAfterMs?: number | undefined;
  /** Longest silence of an open connection before it counts as broken, in milliseconds (default 45,000). */
  readonly brokenAfterMs?: number | undefined;
  /** Told before each try to join again a stream that broke. */
  readonly onReconnect?: ((cause: AppError) => void) | undefined;
  /** Told when a stream that broke is joined. */
  readonly onJoined?: (() => void) | undefined;
}

type Loose<Shape> = { readonly [Key in keyof Shape]?: Shape[Key] | undefined };
/** zod types an object without keys as Record<string, never>. */
type IsEmpty<Shape> = string extends keyof Shape ? true : false;

type ParamsOf<E extends Endpoint> = IsEmpty<z.output<E['params']>> extends true ? object : { readonly params: z.output<E['params']> };
type QueryOf<E extends Endpoint> = IsEmpty<z.output<E['query']>> extends true ? object : { readonly query?: Loose<z.output<E['query']>> };
type BodyOf<E extends Endpoint> = [z.input<E['body']>] extends [undefined]
  ? object
  : undefined extends z.input<E['body']>
    ? { readonly body?: z.input<E['body']> }
    : { readonly body: z.input<E['body']> };

/** What a call of an endpoint is given: its path's params, its query, its body. */
export type RequestOf<Name extends EndpointName> = ParamsOf<Api[Name]> & QueryOf<Api[Name]> & BodyOf<Api[Name]>;

/** What an endpoint answers with; of a stream, one event. */
export type ResponseOf<Name extends EndpointName> = z.output<Api[Name]['response']>;

type Arguments<Name extends EndpointName, Options> = object extends RequestOf<Name>
  ? [request?: RequestOf<Name>, options?: Options]
  : [request: RequestOf<Name>, options?: Options];

/**
 * One method for each endpoint of the table. Calls reject with AppError: the platform's own problem, or `unavailable`
 * where it does not answer. Streams join again by themselves and end when the platform ends them. Files come in pieces of text,
 * cut anywhere; one that breaks off ends with `unavailable`.
 */
export type MoloClient = {
  readonly [Name in EndpointName]: Api[Name]['produces'] extends 'event-stream'
    ? (...given: Arguments<Name, FollowOptions>) => AsyncIterable<ResponseOf<Name>>
    : Api[Name]['produces'] extends 'download'
      ? (...given: Arguments<Name, CallOptions>) => AsyncIterable<string>
      : (...given: Arguments<Name, CallOptions>) => Promise<ResponseOf<Name>>;
};

/** The parts of a request, whichever endpoint it is for. */
export interface AnyRequest {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

/** A client of the platform at `baseUrl`. Nothing is asked before the first call. */
export function createClient(options: ClientOptions): MoloClient {
  const connection: Connection = {
    baseUrl: options.baseUrl.replace(/\/+$/, ''),
    address: options.address ?? options.baseUrl,
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    headers: options.headers ?? {},
    retryDelaysMs: options.retryDelaysMs ?? retryDelaysMs,
  };
  const methods = Object.entries(api).map(([name, endpoint]) => [name, methodOf(connection, endpoint)]);
  return Object.fromEntries(methods) as MoloClient;
}

function methodOf(connection: Connection, endpoint: Endpoint) {
  if (endpoint.produces === 'event-stream') {
    return (request: AnyRequest = {}, options: FollowOptions = {}) => follow(connection, endpoint, request, options);
  }
  if (endpoint.produces === 'download') {
    return (request: AnyRequest = {}, options: CallOptions = {}) => download(connection, endpoint, request, options);
  }
  return async (request: AnyRequest = {}, options: CallOptions = {}) => {
    const answer = await send(connection, endpoint, request, options);
    if (endpoint.status === 204 || answer.status === 204) return undefined;
    return parseAnswer(endpoint, await readText(connection, answer, options.signal));
  };
}
