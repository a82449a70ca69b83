import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { AccessModule } from '../access/access.module.js';
import { EndpointCheck } from './endpoint-check.js';
import { EndpointGuard } from './endpoint.guard.js';
import { EndpointInterceptor } from './endpoint.interceptor.js';
import { EventStreams } from './event-streams.js';
import { Idempotency } from './idempotency.js';
import { OpenApiController } from './open-api.controller.js';
import { ProblemFilter } from './problem.filter.js';

/** The REST API's edge, made from the table of endpoints in contracts. */
@Module({
  imports: [DiscoveryModule, AccessModule],
  controllers: [OpenApiController],
  providers: [
    EndpointCheck,
    EventStreams,
    Idempotency,
    { provide: APP_GUARD, useClass: EndpointGuard },
    { provide: APP_INTERCEPTOR, useClass: EndpointInterceptor },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
  exports: [EventStreams],
})
export class RestModule {}
