import type { DesiredRoute, ObservedRoute } from '@molo/contracts';
import type { Pool } from './proxy-state.js';
import type { EnvironmentWish, InstanceAddress } from './wish.js';

export interface SettledRoute {
  readonly route: DesiredRoute;
  readonly wish: EnvironmentWish;
  /** What was seen of it when it had been made true. */
  readonly observed: ObservedRoute;
}

/**
 * Routes as they were last made true. A switch of one among thousands passes over all others, so that the look at each
 * builds nothing: neither a wish nor a text to compare.
 */
export class SettledRoutes {
  private readonly byEnvironment = new Map<string, SettledRoute>();

  get(environmentId: string): SettledRoute | undefined {
    return this.byEnvironment.get(environmentId);
  }

  set(settled: SettledRoute): void {
    this.byEnvironment.set(settled.route.environmentId, settled);
  }

  delete(environmentId: string): void {
    this.byEnvironment.delete(environmentId);
  }

  clear(): void {
    this.byEnvironment.clear();
  }

  /** Whether there is nothing to do for a route. An instance that drained and is no more has to leave its slot. */
  isTrue(route: DesiredRoute, addresses: ReadonlyMap<string, InstanceAddress>, pool: Pool | undefined): boolean {
    const settled = this.byEnvironment.get(route.environmentId);
    if (!settled || !isSameRoute(settled.route, route) || !servesTheSame(settled.wish, route, addresses)) return false;
    return pool?.slots.every((slot) => slot.instanceId === null || addresses.has(slot.instanceId)) ?? true;
  }
}

function isSameRoute(before: DesiredRoute, now: DesiredRoute): boolean {
  if (before === now) return true;
  return before.app === now.app && before.environment === now.environment && before.release === now.release && isSameList(before.hosts, now.hosts);
}

/** Compares with what `wishOf` would make of the route. */
function servesTheSame({ serving }: EnvironmentWish, route: DesiredRoute, addresses: ReadonlyMap<string, InstanceAddress>): boolean {
  let index = 0;
  for (const instanceId of route.serving) {
    const address = addresses.get(instanceId);
    if (address?.state !== 'serving') continue;
    const server = serving[index];
    if (server?.instanceId !== instanceId || server.host !== address.host || server.port !== address.port) return false;
    index += 1;
  }
  return index === serving.length;
}

export function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}
