import { existsSync } from 'node:fs';
import { AppError, type DesiredRoute, type ObservedRoute } from '@molo/contracts';
import type { Log } from '../logger.js';
import { platformHost } from './config-platform.js';
import { ingressPaths, type IngressPaths, type IngressSettings } from './config.js';
import { StateFiles } from './disk.js';
import { freePool, wantedPools } from './pools.js';
import { readProxy, refreshPools } from './proxy-reader.js';
import { claim, disown, emptyPool, poolName, type Pool, type ProxyState } from './proxy-state.js';
import { HaproxyMaster } from './reload.js';
import { RuntimeSocket } from './runtime-socket.js';
import { isSameList, SettledRoutes } from './settled-routes.js';
import { backendOf, isServing, planEnter, planHosts, planLeave, planRelease } from './switch-plan.js';
import { wishOf, type EnvironmentWish, type InstanceAddress } from './wish.js';

const restingPools = 64;

interface Placed {
  readonly route: DesiredRoute;
  readonly wish: EnvironmentWish;
  readonly pool: Pool;
}

/** Takes HAProxy from what it has to what is wished. One caller at a time. */
export class IngressSwitch {
  readonly paths: IngressPaths;
  readonly socket: RuntimeSocket;
  readonly master: HaproxyMaster;
  private readonly files: StateFiles;
  private known: ProxyState | null = null;
  /** What equals these needs no look. */
  private readonly settled = new SettledRoutes();
  private readonly resting: string[] = [];
  /** The run of HAProxy that our own reload began: its connections were not cut. */
  private reloadedInto: string | null = null;
  private mayHaveOldWorkers = true;

  constructor(
    private readonly settings: IngressSettings,
    log: Log,
    private readonly onReload: () => void,
  ) {
    this.paths = ingressPaths(settings.home);
    this.socket = new RuntimeSocket(this.paths.runtimeSocket);
    this.master = new HaproxyMaster(this.paths.masterSocket, this.socket);
    this.files = new StateFiles(settings, log);
  }

  /** What HAProxy has, as far as it is known. */
  get state(): ProxyState | null {
    return this.known;
  }

  /** HAProxy has something to start from. */
  get canStart(): boolean {
    return existsSync(this.paths.config);
  }

  wasReload(identity: string): boolean {
    return this.reloadedInto === identity;
  }

  /** Makes sure that HAProxy can start; one that runs with other settings loads the new ones. */
  async prepare(): Promise<void> {
    const running = await readProxy(this.socket, this.paths).catch(() => null);
    const changed = await this.files.prepare(running);
    if (running && changed) await this.reload();
    await this.files.wereLoaded();
  }

  /** Workers of before a reload that still have connections; asked only when there can be any. */
  async oldWorkers(): Promise<number[]> {
    if (!this.mayHaveOldWorkers) return [];
    const pids = await this.master.oldWorkers().catch(() => []);
    this.mayHaveOldWorkers = pids.length > 0;
    return pids;
  }

  /** Nothing is taken for known any more: the next look reads all of it. */
  forget(): void {
    this.known = null;
    this.settled.clear();
  }

  async look(): Promise<ProxyState> {
    this.known ??= await readProxy(this.socket, this.paths);
    return this.known;
  }

  async flush(): Promise<void> {
    await this.files.flush();
  }

  async markDown(instanceId: string): Promise<void> {
    const state = await this.look();
    for (const pool of state.pools.values()) {
      const slot = pool.slots.find((one) => one.instanceId === instanceId);
      if (!slot || !pool.owner) continue;
      await this.socket.send([`set server ${pool.name}/${slot.name} state maint`]);
      slot.state = 'maint';
      this.settled.delete(pool.owner.environmentId);
      this.files.save(state);
    }
  }

  async switch(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<ObservedRoute[]> {
    const known = await this.look();
    let unsettled = routes.filter((route) => !this.settled.isTrue(route, addresses, known.owned.get(route.environmentId)));
    let state = await this.lookAgain(known, unsettled);
    if (wantedPools(state, routes.length) > state.pools.size) state = await this.grow(state, wantedPools(state, routes.length));
    if (state !== known) unsettled = [...routes];

    const gone = this.goneEnvironments(state, routes);
    const touched = unsettled.map((route) => this.place(state, route, wishOf(route, addresses)));
    if (touched.length > 0 || gone.length > 0) await this.change(state, routes, touched, gone);
    const seen = new Map(touched.map(({ wish }) => [wish.owner.environmentId, observe(state, wish)]));
    return routes.flatMap(({ environmentId }) => seen.get(environmentId) ?? this.settled.get(environmentId)?.observed ?? []);
  }

  private async change(state: ProxyState, routes: readonly DesiredRoute[], touched: readonly Placed[], gone: readonly Pool[]): Promise<void> {
    const hostsMove = gone.length > 0 || touched.some((placed) => this.hostsMoveOf(placed));
    // A change that breaks off leaves neither what was nor what was to be.
    for (const { wish } of touched) this.settled.delete(wish.owner.environmentId);
    await this.sendAndLook(state, touched.flatMap(({ pool, wish }) => planEnter(this.paths, pool, wish)), touched);
    const ready = touched.filter(({ pool, wish }) => isServing(pool, wish));

    const hosts = hostsMove ? planHosts(this.paths, state, this.wantedHosts(state, this.wishesOf(routes, touched))) : { enter: [], leave: [] };
    const leave = [
      ...hosts.enter,
      ...hosts.leave,
      ...ready.flatMap(({ pool, wish }) => planLeave(this.paths, pool, wish)),
      ...gone.flatMap((pool) => planRelease(this.paths, pool)),
    ];
    await this.sendAndLook(state, leave, ready);
    for (const { route, wish } of ready) this.settled.set({ route, wish, observed: observe(state, wish) });
    this.giveBack(state, gone);
    this.files.save(state);
  }

  /** Which hosts there are, or where they lead, is to differ from what was last made true. */
  private hostsMoveOf({ wish, pool }: Placed): boolean {
    const before = this.settled.get(wish.owner.environmentId)?.wish;
    return !before || !isSameList(before.hosts, wish.hosts) || backendOf(pool, before) !== backendOf(pool, wish);
  }

  private wishesOf(routes: readonly DesiredRoute[], touched: readonly Placed[]): EnvironmentWish[] {
    const wishes = new Map(touched.map(({ wish }) => [wish.owner.environmentId, wish]));
    return routes.flatMap(({ environmentId }) => wishes.get(environmentId) ?? this.settled.get(environmentId)?.wish ?? []);
  }

  private async sendAndLook(state: ProxyState, commands: readonly string[], looked: readonly Placed[]): Promise<void> {
    if (commands.length === 0) return;
    const names = looked.map(({ pool }) => pool.name);
    const { identity } = await refreshPools(this.socket, state, names, commands);
    if (identity !== state.identity) throw new AppError('ingress_failed', { detail: 'HAProxy was started again in the middle of a change; Molo makes it again.' });
  }

  /** What is to change is looked at first: HAProxy may have been started again, or somebody may have changed it by hand. */
  private async lookAgain(state: ProxyState, unsettled: readonly DesiredRoute[]): Promise<ProxyState> {
    const names = unsettled.flatMap((route) => state.owned.get(route.environmentId)?.name ?? []);
    const { identity } = await refreshPools(this.socket, state, names);
    if (identity === state.identity) return state;
    this.forget();
    return this.look();
  }

  private place(state: ProxyState, route: DesiredRoute, wish: EnvironmentWish): Placed {
    const pool = state.owned.get(route.environmentId) ?? freePool(state, this.resting);
    claim(state, pool, wish.owner);
    return { route, wish, pool };
  }

  private goneEnvironments(state: ProxyState, routes: readonly DesiredRoute[]): Pool[] {
    const wanted = new Set(routes.map((route) => route.environmentId));
    return [...state.owned].filter(([environmentId]) => !wanted.has(environmentId)).map(([, pool]) => pool);
  }

  /** A host that two environments claim stays where it is, or goes to the first. */
  private wantedHosts(state: ProxyState, wishes: readonly EnvironmentWish[]): Map<string, string> {
    const wanted = new Map<string, string>();
    for (const wish of wishes) {
      const pool = state.owned.get(wish.owner.environmentId);
      if (!pool) continue;
      for (const host of wish.hosts) {
        if (host !== platformHost(this.settings.domain) && !wanted.has(host)) wanted.set(host, backendOf(pool, wish));
      }
    }
    return wanted;
  }

  private giveBack(state: ProxyState, pools: readonly Pool[]): void {
    for (const pool of pools) {
      this.settled.delete(pool.owner?.environmentId ?? '');
      disown(state, pool);
      this.resting.push(pool.name);
    }
    this.resting.splice(0, Math.max(0, this.resting.length - restingPools));
  }

  private async grow(state: ProxyState, pools: number): Promise<ProxyState> {
    for (let index = state.pools.size + 1; index <= pools; index += 1) state.pools.set(poolName(index), emptyPool(poolName(index)));
    await this.files.saveNow(state);
    return this.reload();
  }

  private async reload(): Promise<ProxyState> {
    await this.master.reload();
    this.mayHaveOldWorkers = true;
    this.forget();
    const loaded = await this.look();
    this.reloadedInto = loaded.identity;
    this.onReload();
    return loaded;
  }
}

function observe(state: ProxyState, wish: EnvironmentWish): ObservedRoute {
  const pool = state.owned.get(wish.owner.environmentId);
  const serving = wish.serving.filter((server) => pool?.slots.some((slot) => slot.instanceId === server.instanceId && slot.state === 'ready'));
  const failure =
    serving.length === wish.serving.length
      ? null
      : new AppError('ingress_failed', { detail: 'The ingress did not take all of the new instances; the old ones serve on and Molo tries again.' }).toFailure();
  return { environmentId: wish.owner.environmentId, serving: serving.map((server) => server.instanceId), draining: 0, failure };
}
