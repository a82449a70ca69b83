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
import { backendOf, isServing, planEnter, planHosts, planLeave, planRelease } from './switch-plan.js';
import { wishOf, type EnvironmentWish, type InstanceAddress } from './wish.js';

const restingPools = 64;

interface Placed {
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
  /** Environment → its wish as it was last made true; what equals it needs no look. */
  private readonly settled = new Map<string, string>();
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

  wasReload(identity: string): boolean {
    return this.reloadedInto === identity;
  }

  /** Makes sure that HAProxy can start; one that runs with other settings loads the new ones. */
  async prepare(): Promise<void> {
    const running = await readProxy(this.socket, this.paths).catch(() => null);
    const changed = await this.files.prepare(running);
    if (running && changed) await this.reload();
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
    const wishes = routes.map((route) => wishOf(route, addresses));
    const known = await this.look();
    let unsettled = this.unsettled(known, wishes);
    let state = await this.lookAgain(known, unsettled);
    if (wantedPools(state, wishes.length) > state.pools.size) state = await this.grow(state, wantedPools(state, wishes.length));
    if (state !== known) unsettled = [...wishes];

    const gone = this.goneEnvironments(state, wishes);
    const touched = unsettled.map((wish) => ({ wish, pool: this.place(state, wish) }));
    if (touched.length > 0 || gone.length > 0) await this.change(state, wishes, touched, gone);
    return wishes.map((wish) => observe(state, wish));
  }

  private async change(state: ProxyState, wishes: readonly EnvironmentWish[], touched: readonly Placed[], gone: readonly Pool[]): Promise<void> {
    await this.sendAndLook(state, touched.flatMap(({ pool, wish }) => planEnter(this.paths, pool, wish)), touched);
    const ready = touched.filter(({ pool, wish }) => isServing(pool, wish));

    const hosts = planHosts(this.paths, state, this.wantedHosts(state, wishes));
    const leave = [
      ...hosts.enter,
      ...hosts.leave,
      ...ready.flatMap(({ pool, wish }) => planLeave(this.paths, pool, wish)),
      ...gone.flatMap((pool) => planRelease(this.paths, pool)),
    ];
    await this.sendAndLook(state, leave, ready);
    for (const { wish } of ready) this.settled.set(wish.owner.environmentId, wish.fingerprint);
    this.giveBack(state, gone);
    this.files.save(state);
  }

  private async sendAndLook(state: ProxyState, commands: readonly string[], looked: readonly Placed[]): Promise<void> {
    if (commands.length === 0) return;
    const names = looked.map(({ pool }) => pool.name);
    const { identity } = await refreshPools(this.socket, state, names, commands);
    if (identity !== state.identity) throw new AppError('ingress_failed', { detail: 'HAProxy was started again in the middle of a change; Molo makes it again.' });
  }

  /** What is to change is looked at first: HAProxy may have been started again, or somebody may have changed it by hand. */
  private async lookAgain(state: ProxyState, unsettled: readonly EnvironmentWish[]): Promise<ProxyState> {
    const names = unsettled.flatMap((wish) => state.owned.get(wish.owner.environmentId)?.name ?? []);
    const { identity } = await refreshPools(this.socket, state, names);
    if (identity === state.identity) return state;
    this.forget();
    return this.look();
  }

  private unsettled(state: ProxyState, wishes: readonly EnvironmentWish[]): EnvironmentWish[] {
    return wishes.filter((wish) => {
      if (this.settled.get(wish.owner.environmentId) !== wish.fingerprint) return true;
      // An instance that drained and is no more leaves its slot.
      return state.owned.get(wish.owner.environmentId)?.slots.some((slot) => slot.instanceId !== null && !wish.isAlive(slot.instanceId));
    });
  }

  private place(state: ProxyState, wish: EnvironmentWish): Pool {
    const pool = state.owned.get(wish.owner.environmentId) ?? freePool(state, this.resting);
    claim(state, pool, wish.owner);
    return pool;
  }

  private goneEnvironments(state: ProxyState, wishes: readonly EnvironmentWish[]): Pool[] {
    const wanted = new Set(wishes.map((wish) => wish.owner.environmentId));
    return [...state.pools.values()].filter((pool) => pool.owner !== null && !wanted.has(pool.owner.environmentId));
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
