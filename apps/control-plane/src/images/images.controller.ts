import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { AppsService } from '../apps/apps.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, PositionInTime, positionOf } from '../rest/page.js';
import { ImagesService } from './images.service.js';

@Controller()
export class ImagesController {
  constructor(
    private readonly apps: AppsService,
    private readonly images: ImagesService,
  ) {}

  @Endpoint(api.listImages)
  async list({ params, query }: Call<typeof api.listImages>): Answer<typeof api.listImages> {
    const app = await this.apps.findByName(params.app);
    const rows = await this.images.list(app.name, app.id, query.limit, positionOf(query.cursor, PositionInTime));
    return pageOf(rows, query.limit, (row): PositionInTime => ({ at: row.createdAt, id: row.id }), (row) => row);
  }
}
