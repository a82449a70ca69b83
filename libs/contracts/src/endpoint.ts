import { z } from 'zod';
import type { Right, RightOn } from './rights.js';

export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
  Produces extends 'json' | 'event-stream' | 'download' = 'json' | 'event-stream' | 'download',
> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Under `/api/v1`, with `:name` for parameters. */
  readonly path: string;
  readonly right: Right;
  readonly on: RightOn;
  readonly summary: string;
  readonly tag: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly response: Response;
  readonly status: 200 | 201 | 202 | 204;
  /**
   * `event-stream`: the response is Server-Sent Events of the response type, resumed by Last-Event-ID. `download`: a file of any
   * length, as JSON Lines of the response type or as CSV, by `?format`; one that breaks off has no end.
   */
  readonly produces: Produces;
}

/** Takes no params, no query. */
const none = z.object({});
/** No body. */
export const nothing = z.undefined();

/** One row of the table: what is left out takes nothing, answers 200 and JSON. */
export function endpoint<
  Response extends z.ZodType,
  Params extends z.ZodType = typeof none,
  Query extends z.ZodType = typeof none,
  Body extends z.ZodType = typeof nothing,
  Produces extends Endpoint['produces'] = 'json',
>(definition: {
  method: Endpoint['method'];
  path: string;
  right: Right;
  on: RightOn;
  summary: string;
  tag: string;
  params?: Params;
  query?: Query;
  body?: Body;
  response: Response;
  status?: Endpoint['status'];
  produces?: Produces;
}): Endpoint<Params, Query, Body, Response, Produces> {
  return {
    status: 200,
    ...definition,
    produces: definition.produces ?? ('json' as Produces),
    params: definition.params ?? (none as unknown as Params),
    query: definition.query ?? (none as unknown as Query),
    body: definition.body ?? (nothing as unknown as Body),
  };
}
