import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Decision } from '../access/decision.js';
import { RequestAuthentication } from '../access/request-authentication.js';
import { PrometheusFigures } from './prometheus-figures.js';

/** Outside the table of endpoints, since Prometheus asks for it and reads a format of its own: it is given an API token that may read, as bearer token or as password. */
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly authentication: RequestAuthentication,
    private readonly decision: Decision,
    private readonly figures: PrometheusFigures,
  ) {}

  @Get()
  async read(@Req() request: Request, @Res() response: Response): Promise<void> {
    const caller = await this.authentication.callerOf(request, response);
    await this.decision.require({ right: 'read', on: 'platform' }, {}, caller);
    response.type(this.figures.contentType).send(await this.figures.text());
  }
}
