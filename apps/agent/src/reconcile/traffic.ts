import type { DesiredRoute, NodeFigures, ObservedRoute, TrafficCount } from '@molo/contracts';

/** Where an instance answers. */
export interface Target {
  readonly instanceId: string;
  readonly release: number;
  readonly address: string;
  readonly port: number;
}

/** An environment's way through the ingress, with its instances' present addresses. */
export interface Route extends Omit<DesiredRoute, 'serving' | 'release'> {
  readonly release: number | null;
  /** Take new requests. */
  readonly serving: readonly Target[];
  /** Take none; what is open to them may end by itself. */
  readonly draining: readonly Target[];
}

export interface SeenTraffic {
  readonly routes: ObservedRoute[];
  readonly counts: TrafficCount[];
  /** By instance; one that is missing has not been looked at since it began to drain. */
  readonly openConnections: ReadonlyMap<string, number>;
}

/** What the reconciler asks of the ingress. */
export abstract class Traffic {
  /** Makes the ingress send requests as the routes say; they are all there are. Does not wait for it. */
  abstract apply(routes: readonly Route[]): void;
  abstract seen(): SeenTraffic;
  abstract figures(): Promise<NodeFigures['environments']>;
  /** Calls the listener whenever `seen` changed. */
  abstract watch(listener: () => void): void;
}
