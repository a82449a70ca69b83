import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Endpoint } from '@molo/contracts';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { sendDownload } from './downloads.js';
import { type Call, callOf, type Download, endpointOf, type StreamEvent } from './endpoint.decorator.js';
import { EventStreams } from './event-streams.js';
import { Idempotency } from './idempotency.js';

/** Answers for the handlers of endpoints: status and JSON, an event stream, or a file. */
@Injectable()
export class EndpointInterceptor implements NestInterceptor {
  constructor(
    private readonly streams: EventStreams,
    private readonly idempotency: Idempotency,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const endpoint = endpointOf(context.getHandler());
    if (!endpoint) return next.handle();
    const call = callOf(context.switchToHttp().getRequest<Request>());
    return from(this.answer(endpoint, call, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }

  private async answer(endpoint: Endpoint, call: Call<Endpoint>, handle: () => Promise<unknown>): Promise<void> {
    if (endpoint.produces === 'event-stream') {
      await this.streams.send(call.response, (await handle()) as AsyncIterable<StreamEvent<unknown>>, call.signal);
      return;
    }
    if (endpoint.produces === 'download') {
      await sendDownload(call.response, (await handle()) as Download, call.signal);
      return;
    }
    const body = await this.idempotency.once(endpoint, call, handle);
    const response = call.response.status(endpoint.status).set('cache-control', 'no-store');
    if (endpoint.status === 204) response.end();
    else response.json(body);
  }
}
