import { Controller } from '@nestjs/common';
import { api, NodeName } from '@molo/contracts';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import { NodeChanges } from './node-changes.service.js';
import { NodesService } from './nodes.service.js';

@Controller()
export class NodesController {
  constructor(
    private readonly nodes: NodesService,
    private readonly changes: NodeChanges,
  ) {}

  @Endpoint(api.listNodes)
  async list({ query }: Call<typeof api.listNodes>): Answer<typeof api.listNodes> {
    const nodes = await this.nodes.page(positionOf(query.cursor, NodeName), query.limit);
    return pageOf(nodes, query.limit, ({ name }) => name, (node) => node);
  }

  @Endpoint(api.getNode)
  async get({ params }: Call<typeof api.getNode>): Answer<typeof api.getNode> {
    return await this.nodes.viewByName(params.node);
  }

  @Endpoint(api.cordonNode)
  async cordon({ params, caller }: Call<typeof api.cordonNode>): Answer<typeof api.cordonNode> {
    return await this.changes.cordon(params.node, caller);
  }

  @Endpoint(api.uncordonNode)
  async uncordon({ params, caller }: Call<typeof api.uncordonNode>): Answer<typeof api.uncordonNode> {
    return await this.changes.uncordon(params.node, caller);
  }

  @Endpoint(api.drainNode)
  async drain({ params, caller }: Call<typeof api.drainNode>): Answer<typeof api.drainNode> {
    return await this.changes.drain(params.node, caller);
  }

  @Endpoint(api.removeNode)
  async remove({ params, caller }: Call<typeof api.removeNode>): Answer<typeof api.removeNode> {
    await this.changes.remove(params.node, caller);
  }
}
