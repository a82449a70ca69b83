import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { z } from 'zod';
import { EnvironmentsService } from '../environments/environments.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import { ReleaseViews } from './release-views.js';

@Controller()
export class ReleasesController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly views: ReleaseViews,
  ) {}

  @Endpoint(api.listReleases)
  async list({ params, query }: Call<typeof api.listReleases>): Answer<typeof api.listReleases> {
    const { environment } = await this.environments.find(params.app, params.environment);
    const rows = await this.views.list(environment.id, query.limit, positionOf(query.cursor, z.number().int()));
    return pageOf(rows, query.limit, (row) => row.number, (row) => row);
  }

  @Endpoint(api.getRelease)
  async get({ params }: Call<typeof api.getRelease>): Answer<typeof api.getRelease> {
    const { environment } = await this.environments.find(params.app, params.environment);
    return this.views.one(environment.id, params.number);
  }
}
