import { EventEmitter } from 'node:events';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { AppError, type DesiredRoute, type ObservedRoute, type TrafficCount } from '@molo/contracts';
import { LOG, type Log } from '../logger.js';
import type { IngressSettings } from './config.js';
import { HaproxyWatch } from './haproxy-watch.js';
import { IngressSwitch } from './ingress-switch.js';
import { IngressTraffic, type IngressFigures } from './ingress-traffic.js';
import type { InstanceAddress } from './wish.js';

const sampleEveryMs = 1_000;
/** A disk that is full may be emptied. */
const prepareAgainMs = 1_000;

export const INGRESS_SETTINGS = Symbol('ingress settings');

/**
 * HAProxy on this node. What it is asked to be is kept true by itself through restarts of HAProxy; nothing here
 * stops traffic when the agent stops.
 */
@Injectable()
export class Ingress implements OnModuleInit, OnModuleDestroy {
  private readonly changes = new EventEmitter<{ observed: [readonly ObservedRoute[]] }>();
  private readonly watch: HaproxyWatch;
  private last: { routes: readonly DesiredRoute[]; addresses: ReadonlyMap<string, InstanceAddress> } | null = null;
  /** One writer at a time: the end of the work that was asked for last. */
  private tail: Promise<unknown> = Promise.resolve();
  private readonly proxy: IngressSwitch;
  private readonly counts: IngressTraffic;
  private sampler: NodeJS.Timeout | null = null;
  private isSampling = false;
  private preparing: NodeJS.Timeout | null = null;

  constructor(
    @Inject(INGRESS_SETTINGS) settings: IngressSettings,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.proxy = new IngressSwitch(settings, log, () => this.watch.reconnect());
    this.counts = new IngressTraffic(this.proxy, log);
    this.watch = new HaproxyWatch(settings, () => this.afterRestart());
  }

  async onModuleInit(): Promise<void> {
    await this.prepare();
    await this.counts.open();
    this.watch.start();
    // While a deployment is counted: how many WebSockets are open has to be known before an instance ends.
    this.sampler = setInterval(() => void this.sampleWhileCounting(), sampleEveryMs).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.watch.stop();
    if (this.sampler) clearInterval(this.sampler);
    if (this.preparing) clearTimeout(this.preparing);
    await this.exclusive(() => this.proxy.flush()).catch((error: unknown) => this.log.error({ err: error }, 'what HAProxy starts from cannot be written'));
    await this.counts.close();
  }

  /**
   * Makes the ingress be what is asked and tells what was seen of it. The whole set each time; only differences are
   * sent. New servers are in and seen ready before old ones drain. Never throws for one environment's sake: its
   * `failure` says what is wrong, and the same call again goes on from there.
   */
  apply(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<ObservedRoute[]> {
    return this.exclusive(async () => {
      this.last = { routes, addresses };
      return this.applyNow(routes, addresses);
    });
  }

  /** An instance died: no request goes to it from here on, until `apply` is given another address of it. */
  markDown(instanceId: string): Promise<void> {
    return this.exclusive(async () => {
      await this.counts.instanceEnded(instanceId);
      await this.proxy.markDown(instanceId);
    });
  }

  /** Requests under way and WebSockets that are open to an instance, in workers of before a reload too. */
  openConnections(instanceId: string): Promise<number> {
    return this.exclusive(() => this.counts.openConnections(instanceId));
  }

  /** What each deployment that is being counted did to traffic so far. */
  traffic(): Promise<TrafficCount[]> {
    return this.exclusive(() => this.counts.counts());
  }

  /** Requests by environment since it was first routed here; they never fall. */
  figures(): Promise<IngressFigures[]> {
    return this.exclusive(() => this.counts.figures());
  }

  /** Called when the ingress put itself right without being asked, after HAProxy came back. Returns how to end it. */
  onObserved(listener: (routes: readonly ObservedRoute[]) => void): () => void {
    this.changes.on('observed', listener);
    return () => this.changes.off('observed', listener);
  }

  /** A disk that is full ends no agent, whose collection makes room: until then HAProxy starts from what was written before. */
  private async prepare(): Promise<void> {
    try {
      await this.exclusive(() => this.proxy.prepare());
    } catch (error) {
      if (!this.proxy.canStart) throw error;
      this.log.error({ err: error }, 'what HAProxy starts from cannot be written; tried again');
      this.preparing = setTimeout(() => void this.prepare(), prepareAgainMs).unref();
    }
  }

  private async applyNow(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<ObservedRoute[]> {
    try {
      return await this.applyAndCount(routes, addresses);
    } catch (error) {
      this.log.error({ err: error }, 'the ingress could not be switched');
      const failure = error instanceof AppError ? error.toFailure() : { code: 'ingress_failed' as const, detail: 'The ingress could not be switched; Molo tries again by itself.' };
      this.proxy.forget();
      return routes.map((route) => ({ environmentId: route.environmentId, serving: [], draining: 0, failure }));
    }
  }

  private async applyAndCount(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<ObservedRoute[]> {
    await this.proxy.look();
    await this.counts.beforeSwitch(routes, addresses);
    const observed = await this.proxy.switch(routes, addresses);
    return this.counts.withDraining(observed);
  }

  private async sampleWhileCounting(): Promise<void> {
    // One that waits is enough: a HAProxy that does not answer would have ever more of them before all other work.
    if (!this.counts.isCounting || this.isSampling) return;
    this.isSampling = true;
    // HAProxy may be gone for a moment: the next look counts what there is.
    await this.exclusive(() => this.counts.sampleCounting()).catch(() => undefined);
    this.isSampling = false;
  }

  private afterRestart(): Promise<void> {
    return this.exclusive(async () => {
      this.proxy.forget();
      if (!this.last) return;
      this.changes.emit('observed', await this.applyNow(this.last.routes, this.last.addresses));
    });
  }

  private exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.tail.then(work, work);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
