import { isDeepStrictEqual } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import type { DesiredNode, NodeFigures, ObservedRoute, TrafficCount } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CoalescedWork } from '../coalesced-work.js';
import { Ingress } from '../ingress/ingress.js';
import type { InstanceAddress } from '../ingress/wish.js';
import { LOG, type Log } from '../logger.js';
import { addressesOf, type Reachable } from './routes.js';
import { Standstill } from './standstill.js';

const retryMs = 1000;
/** HAProxy tells nobody when a connection ends; it is asked only while something drains. */
const drainLookMs = 100;
/** A report with no counts comes sooner than one that is waited for until the node counts as away. */
const longestCountMs = 2000;

interface Wish {
  readonly node: DesiredNode;
  readonly addresses: ReadonlyMap<string, InstanceAddress>;
}

/** Keeps the ingress at what the desired set and the instances' present addresses make of it, and watches drains end. */
@Injectable()
export class Traffic implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private readonly following = new CoalescedWork(() => this.follow());
  private readonly draining = new CoalescedWork(() => this.lookAtDrains());
  private readonly open = new Map<string, number>();
  private wish: Wish | null = null;
  private done: Wish | null = null;
  private routes: readonly ObservedRoute[] = [];
  private isCounting = false;
  private retry: NodeJS.Timeout | undefined;
  private listener: () => void = () => undefined;

  constructor(
    @Inject(Ingress) private readonly ingress: Ingress,
    @Inject(Standstill) private readonly standstill: Standstill,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Calls the listener when routes or open connections are seen to have changed. */
  watch(listener: () => void): void {
    this.listener = listener;
    this.ingress.onObserved((routes) => this.see(routes));
  }

  /** Takes note of what there is to be; the ingress follows at once, and what it then is comes by the listener. */
  apply(node: DesiredNode, seen: ReadonlyMap<string, Reachable>): void {
    const routed = new Set([...(this.done?.addresses.keys() ?? []), ...(this.wish?.addresses.keys() ?? [])]);
    const wish = { node, addresses: addressesOf(node, seen, routed) };
    if (this.wish?.node.routes === node.routes && isDeepStrictEqual(this.wish.addresses, wish.addresses)) return;
    this.wish = wish;
    this.following.ask();
  }

  observedRoutes(): ObservedRoute[] {
    return this.routes.map((route) => {
      const draining = this.drainingOf(route);
      return draining === route.draining ? route : { ...route, draining };
    });
  }

  /** Connections that are still open to an instance that drains; null before it was looked at. */
  openConnections(instanceId: string): number | null {
    return this.open.get(instanceId) ?? null;
  }

  /** None where the ingress takes its time: what was counted then comes with a later report. */
  async counts(): Promise<TrafficCount[]> {
    if (this.isCounting || !this.wish?.node.routes.some((route) => route.countingDeploymentId !== null)) return [];
    this.isCounting = true;
    const counts = this.ingress.traffic().catch(() => []).finally(() => (this.isCounting = false));
    const waiting = new AbortController();
    const inVain = pause(longestCountMs, [], { signal: waiting.signal, ref: false }).catch(() => []);
    return Promise.race([counts, inVain]).finally(() => waiting.abort());
  }

  async figures(): Promise<NodeFigures['environments']> {
    return this.ingress.figures().catch(() => []);
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.retry);
    await Promise.all([this.following.end(), this.draining.end()]);
  }

  private async follow(): Promise<void> {
    await this.standstill.over();
    const { wish } = this;
    if (wish === null || wish === this.done) return;
    clearTimeout(this.retry);
    try {
      await this.sayWhoEnded(wish);
      const routes = await this.ingress.apply(wish.node.routes, wish.addresses);
      this.done = wish;
      this.see(routes);
      if (routes.some((route) => route.failure !== null)) this.tryAgainLater();
    } catch (error) {
      this.log.error({ err: error }, 'the ingress cannot be switched; tried again');
      this.tryAgainLater();
    }
  }

  /** An instance whose address went away: what it had open was cut. */
  private async sayWhoEnded(wish: Wish): Promise<void> {
    const ended = [...(this.done?.addresses ?? [])].filter(([id, { host }]) => wish.addresses.get(id)?.host !== host);
    for (const [id] of ended) {
      this.open.delete(id);
      await this.ingress.markDown(id);
    }
  }

  private tryAgainLater(): void {
    if (this.closing.signal.aborted) return;
    this.retry = setTimeout(() => {
      this.done = null;
      this.following.ask();
    }, retryMs);
  }

  private see(routes: readonly ObservedRoute[]): void {
    this.routes = routes;
    this.draining.ask();
    this.listener();
  }

  private async lookAtDrains(): Promise<void> {
    const ids = this.drainingIds();
    if (ids.length === 0 || this.closing.signal.aborted) return;
    const counts = await Promise.all(ids.map((id) => this.ingress.openConnections(id).catch(() => null)));
    const changed = ids.filter((id, index) => counts[index] !== null && this.open.get(id) !== counts[index]);
    for (const [index, id] of ids.entries()) if (counts[index] !== null) this.open.set(id, counts[index] ?? 0);
    // Some may have ended while they were asked about.
    const draining = new Set(this.drainingIds());
    for (const id of this.open.keys()) if (!draining.has(id)) this.open.delete(id);
    if (changed.length > 0) this.listener();
    await pause(drainLookMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    this.draining.ask();
  }

  /** Those that the ingress was told of as draining. */
  private drainingIds(): string[] {
    return [...(this.done?.addresses ?? [])].filter(([, address]) => address.state === 'draining').map(([id]) => id);
  }

  private drainingOf(route: ObservedRoute): number {
    const draining = this.drainingIds();
    if (draining.length === 0) return 0;
    const ids = new Set(this.wish?.node.instances.filter((each) => each.environmentId === route.environmentId).map((each) => each.id));
    return draining.reduce((sum, id) => sum + (ids.has(id) ? (this.open.get(id) ?? 0) : 0), 0);
  }
}
