import { Controller } from '@nestjs/common';
import { api, type App as AppView } from '@molo/contracts';
import { z } from 'zod';
import { appIdsWith } from '../access/rights.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import { AppChangesService } from './app-changes.service.js';
import { AppsService } from './apps.service.js';

/** The name of the last app shown. */
const Position = z.string().regex(/^[a-z0-9-]{1,40}$/);

@Controller()
export class AppsController {
  constructor(
    private readonly apps: AppsService,
    private readonly changes: AppChangesService,
  ) {}

  @Endpoint(api.listApps)
  async list({ query, caller }: Call<typeof api.listApps>): Answer<typeof api.listApps> {
    const apps = await this.apps.list(appIdsWith(caller, 'read'), positionOf(query.cursor, Position), query.limit);
    const views = await this.apps.views(apps.slice(0, query.limit));
    return pageOf(apps, query.limit, (app) => app.name, (app) => views.get(app.id) as AppView);
  }

  @Endpoint(api.createApp)
  async create({ body, caller }: Call<typeof api.createApp>): Answer<typeof api.createApp> {
    return await this.apps.view(await this.changes.create(body.name, body.deployBranch, caller));
  }

  @Endpoint(api.getApp)
  async get({ params }: Call<typeof api.getApp>): Answer<typeof api.getApp> {
    return await this.apps.view(await this.apps.findByName(params.app));
  }

  @Endpoint(api.updateApp)
  async update({ params, body, caller }: Call<typeof api.updateApp>): Answer<typeof api.updateApp> {
    return await this.apps.view(await this.changes.changeBranch(params.app, body.deployBranch, caller));
  }

  @Endpoint(api.deleteApp)
  async delete({ params, caller }: Call<typeof api.deleteApp>): Answer<typeof api.deleteApp> {
    await this.changes.delete(params.app, caller);
  }
}
