import { z } from 'zod';
import { endpoint, nothing } from './endpoint.js';
import { NodeName } from './names.js';
import { page, PageQuery } from './paging.js';
import { Deployment, Node } from './resources.js';

const NodeParams = z.object({ node: NodeName });
const empty = z.strictObject({}).optional();

/** The rows of the table that are about nodes. */
export const nodeEndpoints = {
  listNodes: endpoint({ method: 'GET', path: '/nodes', right: 'read', on: 'platform', tag: 'nodes', summary: 'Nodes', query: PageQuery, response: page(Node) }),
  getNode: endpoint({ method: 'GET', path: '/nodes/:node', right: 'read', on: 'platform', tag: 'nodes', summary: 'A node', params: NodeParams, response: Node }),
  cordonNode: endpoint({ method: 'POST', path: '/nodes/:node/cordon', right: 'administer', on: 'platform', tag: 'nodes', summary: 'Give a node no new instances; what it has stays', params: NodeParams, body: empty, response: Node }),
  uncordonNode: endpoint({ method: 'POST', path: '/nodes/:node/uncordon', right: 'administer', on: 'platform', tag: 'nodes', summary: 'Give a node new instances again', params: NodeParams, body: empty, response: Node }),
  drainNode: endpoint({
    method: 'POST',
    path: '/nodes/:node/drain',
    right: 'administer',
    on: 'platform',
    tag: 'nodes',
    summary: 'Cordon a node and move its instances to others, by deployments that start there, switch, and let what was here end; asked again it tries again what failed',
    params: NodeParams,
    body: empty,
    response: z.object({ node: Node, deployments: z.array(Deployment) }),
    status: 202,
  }),
  removeNode: endpoint({ method: 'DELETE', path: '/nodes/:node', right: 'administer', on: 'platform', tag: 'nodes', summary: 'Remove a node that is drained: its token and all that it gives access to end', params: NodeParams, response: nothing, status: 204 }),
} as const;
