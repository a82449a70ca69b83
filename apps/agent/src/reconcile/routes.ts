import type { DesiredInstance, DesiredNode, InstanceObserved } from '@molo/contracts';
import type { InstanceAddress } from '../ingress/wish.js';

/** What is seen of an instance, as far as traffic goes. */
export interface Reachable {
  readonly observed: InstanceObserved;
  /** null while it does not run. */
  readonly address: string | null;
}

/**
 * Where requests may be sent, by instance: those that are to serve, and those that finish what they have.
 * `routed` are those that the ingress has had: one that serves no longer finishes what it has although it is still to run.
 */
export function addressesOf(node: DesiredNode, seen: ReadonlyMap<string, Reachable>, routed: ReadonlySet<string>): Map<string, InstanceAddress> {
  const serving = new Set(node.routes.flatMap((route) => servingOf(node, route.serving, seen)));
  const addresses = new Map<string, InstanceAddress>();
  for (const instance of node.instances) {
    const host = seen.get(instance.id)?.address;
    const isLeaving = instance.desired !== 'running' || routed.has(instance.id);
    const state = serving.has(instance.id) ? 'serving' : isLeaving ? 'draining' : null;
    if (host && instance.port !== null && !instance.runsOnce && state) addresses.set(instance.id, { host, port: instance.port, state });
  }
  return addresses;
}

/** The healthy ones of those that are to serve; where none is healthy, all of them. */
function servingOf(node: DesiredNode, ids: readonly string[], seen: ReadonlyMap<string, Reachable>): string[] {
  const healthy = ids.filter((id) => seen.get(id)?.observed === 'healthy');
  return healthy.length > 0 ? healthy : node.instances.filter((instance: DesiredInstance) => ids.includes(instance.id)).map((instance) => instance.id);
}
