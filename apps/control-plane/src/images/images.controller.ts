import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { z } from 'zod';
import { AppsService } from '../apps/apps.service.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import { ImagesService } from './images.service.js';

const Position = z.object({ at: z.iso.datetime(), id: z.uuid() });

@Controller()
export class ImagesController {
  constructor(
    private readonly apps: AppsService,
    private readonly images: ImagesService,
  ) {}

  @Endpoint(api.listImages)
  async list({ params, query }: Call<typeof api.listImages>): Answer<typeof api.listImages> {
    const app = await this.apps.findByName(params.app);
    const rows = await this.images.list(app.name, app.id, query.limit, positionOf(query.cursor, Position));
    return pageOf(rows, query.limit, (row) => ({ at: row.createdAt, id: row.id }), (row) => row);
  }
}
