import { createParamDecorator, type ExecutionContext, RequestMapping, RequestMethod, Res } from '@nestjs/common';
import { apiPrefix, type Endpoint as TableEndpoint } from '@molo/contracts';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Caller } from '../access/caller.js';

/** One call of an endpoint: its validated input and who calls. */
export interface Call<E extends TableEndpoint> {
  readonly params: z.output<E['params']>;
  readonly query: z.output<E['query']>;
  readonly body: z.output<E['body']>;
  readonly caller: Caller;
  /** Where an event stream is joined again: the id of the last event seen. */
  readonly lastEventId: string | null;
  /** Fires when the client has gone or the platform shuts down. */
  readonly signal: AbortSignal;
  readonly request: Request;
  readonly response: Response;
}

/** One Server-Sent Event; `id` is what Last-Event-ID brings back. */
export interface StreamEvent<Data> {
  readonly id?: string;
  readonly data: Data;
}

/** A file that is sent as it comes into being. A piece that fails breaks it off; where that is the first, its error is answered. */
export interface Download {
  /** Its media type. */
  readonly type: string;
  readonly fileName: string;
  readonly pieces: AsyncIterator<string>;
}

type Json<E extends TableEndpoint> = [z.output<E['response']>] extends [undefined] ? void : z.output<E['response']>;

/** What the handler of an endpoint returns. A stream's existence checks belong before the stream: its errors come too late for a status. */
export type Answer<E extends TableEndpoint> = E['produces'] extends 'event-stream'
  ? Promise<AsyncIterable<StreamEvent<z.output<E['response']>>>>
  : E['produces'] extends 'download'
    ? Promise<Download>
    : Promise<Json<E>>;

const endpointOfHandler = Symbol('endpoint');
const calls = new WeakMap<Request, Call<TableEndpoint>>();

/**
 * Makes a controller's method the handler of one endpoint of the table. The method takes one `Call`, and does not compile
 * unless it takes and returns what the table says.
 */
export function Endpoint<E extends TableEndpoint>(endpoint: E) {
  return <Handler extends (call: Call<E>) => Answer<E>>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<Handler>): void => {
    Reflect.defineMetadata(endpointOfHandler, endpoint, descriptor.value as object);
    RequestMapping({ path: apiPrefix + endpoint.path, method: RequestMethod[endpoint.method] })(target, key, descriptor);
    TheCall()(target, key, 0);
    // Taking the response keeps Nest from answering: the interceptor does.
    Res()(target, key, 1);
  };
}

const TheCall = createParamDecorator((_: unknown, context: ExecutionContext) => callOf(context.switchToHttp().getRequest<Request>()));

/** The endpoint that a method handles; undefined where the method is an ordinary route. */
export function endpointOf(handler: object): TableEndpoint | undefined {
  return Reflect.getMetadata(endpointOfHandler, handler) as TableEndpoint | undefined;
}

export function callOf(request: Request): Call<TableEndpoint> {
  const call = calls.get(request);
  if (!call) throw new TypeError('The request has not passed the guard of the endpoints');
  return call;
}

export function rememberCall(request: Request, call: Call<TableEndpoint>): void {
  calls.set(request, call);
}
