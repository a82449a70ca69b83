import { Controller, Get, Req, Res } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { Request, Response } from 'express';
import { RequestAuthentication } from '../access/request-authentication.js';
import { PrometheusFigures } from './prometheus-figures.js';

/** Outside the table of endpoints, since Prometheus asks for it and reads a format of its own. */
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly authentication: RequestAuthentication,
    private readonly figures: PrometheusFigures,
  ) {}

  @Get()
  async read(@Req() request: Request, @Res() response: Response): Promise<void> {
    const caller = await this.authentication.callerOf(request, response);
    if (!caller.rights.includes('read')) throw new AppError('not_signed_in', { detail: 'Give Prometheus an API token with the right to read, as bearer token or as password.' });
    response.type(this.figures.contentType).send(await this.figures.text());
  }
}
