import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { type Answer, Endpoint } from '../rest/endpoint.decorator.js';
import { NodesService } from './nodes.service.js';

@Controller()
export class NodesController {
  constructor(private readonly nodes: NodesService) {}

  @Endpoint(api.listNodes)
  async list(): Answer<typeof api.listNodes> {
    return { items: await this.nodes.list() };
  }
}
