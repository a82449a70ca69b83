import { randomUUID } from 'node:crypto';
import type { TestControlPlane } from '../test-control-plane.js';

/** For the specs: a change of a node by each endpoint that makes one, what the audit is to call it, and on what. */
export function changesOfNodes(platform: () => TestControlPlane) {
  const node = async (availability: string) => {
    const name = `node-${randomUUID().slice(0, 8)}`;
    await platform().dataSource.query(`insert into nodes (id, name, token_hash, roles, availability) values ($1, $2, $2, '{instances}', $3)`, [randomUUID(), name, availability]);
    return name;
  };
  const changed = (action: string, availability = 'active') => async () => {
    const name = await node(availability);
    return { action, target: `node ${name}`, sent: { params: { node: name } } };
  };
  return {
    cordonNode: changed('node.cordoned'),
    uncordonNode: changed('node.uncordoned', 'cordoned'),
    drainNode: changed('node.drained'),
    removeNode: changed('node.removed', 'draining'),
  };
}
