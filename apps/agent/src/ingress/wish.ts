import type { DesiredRoute } from '@molo/contracts';
import type { Owner } from './proxy-state.js';

export interface InstanceAddress {
  readonly host: string;
  readonly port: number;
  readonly state: 'serving' | 'draining';
}

export interface WantedServer {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
}

/** What one environment is to have at the ingress. */
export interface EnvironmentWish {
  readonly owner: Owner;
  readonly release: number | null;
  readonly hosts: readonly string[];
  /** Take new requests. */
  readonly serving: readonly WantedServer[];
  /** Instances that are still there: those that do not serve finish what they have. */
  readonly isAlive: (instanceId: string) => boolean;
}

/** An instance without an address is not there: nothing is sent to it. */
export function wishOf(route: DesiredRoute, addresses: ReadonlyMap<string, InstanceAddress>): EnvironmentWish {
  const serving = route.serving.flatMap((instanceId) => {
    const address = addresses.get(instanceId);
    return address?.state === 'serving' ? [{ instanceId, host: address.host, port: address.port }] : [];
  });
  return {
    owner: { environmentId: route.environmentId, app: route.app, environment: route.environment },
    release: route.release,
    hosts: [...new Set(route.hosts.map((host) => host.toLowerCase()))],
    serving,
    isAlive: (instanceId) => addresses.has(instanceId),
  };
}
