import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppError, type Endpoint } from '@molo/contracts';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Decision } from '../access/decision.js';
import { RequestAuthentication } from '../access/request-authentication.js';
import { type Call, endpointOf, rememberCall } from './endpoint.decorator.js';
import { EventStreams } from './event-streams.js';
import { fieldErrors, reservedKeys, unstorable } from './field-errors.js';
import { readJsonBody } from './json-body.js';

/** Who calls, may they, and is it well-formed: in this order, so that nobody learns more than they may. */
@Injectable()
export class EndpointGuard implements CanActivate {
  constructor(
    private readonly authentication: RequestAuthentication,
    private readonly decision: Decision,
    private readonly streams: EventStreams,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const endpoint = endpointOf(context.getHandler());
    if (!endpoint) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    // A stream is watched before it is known whose it is, so that no change of rights falls between.
    const signal = endpoint.produces !== 'json' ? this.streams.watchedSignalOf(response, () => this.callerStill(endpoint, request)) : this.streams.signalOf(response);
    const first = await this.authentication.callerOf(request, response);
    await this.decision.require(endpoint, request.params, first);
    const body = await readJsonBody(request, response);
    // A body takes as long to arrive as its sender likes, and what they may do may have been taken from them meanwhile.
    const caller = body === undefined ? first : await this.callerStill(endpoint, request);
    const input = validate(endpoint, request, body);
    rememberCall(request, {
      ...input,
      caller,
      lastEventId: lastEventIdOf(request),
      signal,
      request,
      response,
    });
    return true;
  }

  /** Who it is now; throws where they may not any more. */
  private async callerStill(endpoint: Endpoint, request: Request): Promise<Caller> {
    const caller = await this.authentication.callerAgain(request);
    await this.decision.require(endpoint, request.params, caller);
    return caller;
  }
}

type Input = Pick<Call<Endpoint>, 'params' | 'query' | 'body'>;

function validate(endpoint: Endpoint, request: Request, body: unknown): Input {
  const errors = reservedKeys(body);
  const read = (schema: z.ZodType, value: unknown): unknown => {
    const parsed = schema.safeParse(value);
    errors.push(...(parsed.success ? unstorable(parsed.data) : fieldErrors(parsed.error)));
    return parsed.data;
  };
  const input = { params: read(endpoint.params, request.params), query: read(endpoint.query, request.query), body: read(endpoint.body, body) };
  if (errors.length > 0) {
    const list = errors.map(({ path, message }) => `${path || 'the body'}: ${message}`).join('; ');
    throw new AppError('invalid_input', { detail: `Correct this and try again: ${list}.`, errors });
  }
  return input;
}

/** Browsers and our client send the header; `?after=` is for those who cannot. */
function lastEventIdOf(request: Request): string | null {
  const { after } = request.query;
  return request.get('last-event-id') ?? (typeof after === 'string' ? after : null);
}
