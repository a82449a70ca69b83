import type { DesiredInstance, DesiredNode, DesiredRoute, InstanceObserved } from '@molo/contracts';
import type { Route, Target } from './traffic.js';

/** What is seen of an instance, as far as traffic goes. */
export interface Reachable {
  readonly observed: InstanceObserved;
  /** null while it does not run. */
  readonly address: string | null;
}

/** The routes of the desired set with the addresses that its instances have now. */
export function routesOf(node: DesiredNode, seen: ReadonlyMap<string, Reachable>): Route[] {
  return node.routes.map((route) => ({
    ...route,
    serving: servingOf(node, route, seen),
    draining: node.instances
      .filter((each) => each.environmentId === route.environmentId && !route.serving.includes(each.id))
      .flatMap((each) => targetOf(each, seen)),
  }));
}

/** The healthy ones of those that are to serve; where none is healthy, all that run. */
function servingOf(node: DesiredNode, route: DesiredRoute, seen: ReadonlyMap<string, Reachable>): Target[] {
  const wanted = node.instances.filter((each) => route.serving.includes(each.id));
  const healthy = wanted.filter((each) => seen.get(each.id)?.observed === 'healthy');
  return (healthy.length > 0 ? healthy : wanted).flatMap((each) => targetOf(each, seen));
}

function targetOf(instance: DesiredInstance, seen: ReadonlyMap<string, Reachable>): Target[] {
  const address = seen.get(instance.id)?.address;
  if (!address || instance.port === null || instance.runsOnce) return [];
  return [{ instanceId: instance.id, release: instance.release, address, port: instance.port }];
}
