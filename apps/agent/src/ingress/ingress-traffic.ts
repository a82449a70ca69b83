import { readFile } from 'node:fs/promises';
import type { DesiredRoute, NodeFigures, ObservedRoute, TrafficCount } from '@molo/contracts';
import { writeAtomically } from './disk.js';
import type { IngressSwitch } from './ingress-switch.js';
import type { ProxyState } from './proxy-state.js';
import { LedgerFile, TrafficLedger, type PoolReading } from './traffic-ledger.js';
import { readOpenConnections, readTraffic } from './traffic-reader.js';
import type { InstanceAddress } from './wish.js';

export type IngressFigures = NodeFigures['environments'][number];

/** Counts what happens at the ingress, by environment. One caller at a time, but for `openConnections`. */
export class IngressTraffic {
  private ledger = new TrafficLedger();
  private identity = 'none';
  /** `p0001s1` → WebSockets open when last looked: what is cut when that server ends. */
  private tunnels = new Map<string, number>();

  constructor(private readonly proxy: IngressSwitch) {}

  /** Goes on with what was counted before the agent was started again. */
  async open(): Promise<void> {
    const text = await readFile(this.proxy.paths.trafficLedger, 'utf8').catch(() => null);
    if (text === null) return;
    const file = LedgerFile.safeParse(parseJson(text));
    if (file.success) {
      this.ledger = new TrafficLedger(file.data);
      this.identity = file.data.identity;
    }
  }

  async close(): Promise<void> {
    await this.sample().catch(() => undefined);
    await this.save();
  }

  /** Before HAProxy is changed: counts what instances that are gone took with them, and begins and ends deployments' counts. */
  async beforeSwitch(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<void> {
    const state = await this.proxy.look();
    for (const pool of state.owned.values()) {
      for (const slot of pool.slots) if (slot.instanceId !== null && !addresses.has(slot.instanceId)) this.cut(slot.name, pool.owner?.environmentId);
    }
    const wanted = new Map(routes.flatMap((route) => (route.countingDeploymentId ? [[route.environmentId, route.countingDeploymentId] as const] : [])));
    const running = this.ledger.countingEnvironments();
    const begins = [...wanted].filter(([environmentId, deploymentId]) => running.get(environmentId) !== deploymentId);
    const ends = [...running.keys()].filter((environmentId) => !wanted.has(environmentId));
    const environments = new Set(routes.map((route) => route.environmentId));
    const leaving = [...state.owned.keys()].some((environmentId) => !environments.has(environmentId));
    if (begins.length === 0 && ends.length === 0 && !leaving) return;

    await this.sample();
    for (const environmentId of ends) this.ledger.end(environmentId);
    for (const [environmentId, deploymentId] of begins) this.ledger.begin(environmentId, deploymentId);
    this.ledger.keepOnly(environments);
    // HAProxy clears the maxima of all pools alone; those that count have theirs in the ledger.
    if (begins.length > 0) await this.proxy.socket.send(['clear counters']);
    await this.save();
  }

  /** An instance died by itself: its WebSockets are cut. */
  async instanceEnded(instanceId: string): Promise<void> {
    const place = findInstance(await this.proxy.look(), instanceId);
    if (place) this.cut(place.slot, place.environmentId);
  }

  async counts(): Promise<TrafficCount[]> {
    if (this.ledger.countingEnvironments().size === 0) return [];
    await this.sample();
    await this.save();
    return this.ledger.counts();
  }

  get isCounting(): boolean {
    return this.ledger.countingEnvironments().size > 0;
  }

  async figures(): Promise<IngressFigures[]> {
    const open = new Map((await this.sample()).map((reading) => [reading.environmentId, reading.openConnections]));
    await this.save();
    return [...open].map(([environmentId, openConnections]) => {
      const { requests, responses5xx, connectionErrors, bytesIn, bytesOut } = this.ledger.totals(environmentId);
      return { environmentId, requests, responses5xx, connectionErrors, openConnections, bytesIn, bytesOut };
    });
  }

  /** Takes in what HAProxy counted since the last look. */
  async sample(): Promise<readonly PoolReading[]> {
    const state = await this.proxy.look();
    const owners = new Map([...state.owned].map(([environmentId, pool]) => [pool.name, environmentId]));
    const { identity, pools, tunnels } = await readTraffic(this.proxy.socket, owners);
    if (identity !== this.identity) this.afterRestart(state, identity);
    this.ledger.take(identity, pools);
    this.tunnels = new Map(tunnels);
    return pools;
  }

  async openConnections(instanceId: string): Promise<number> {
    const place = findInstance(await this.proxy.look(), instanceId);
    if (!place) return 0;
    const here = await readOpenConnections(async (command) => (await this.proxy.socket.send([command]))[0] ?? '', place.pool);
    let open = here.get(place.slot) ?? 0;
    for (const pid of await this.proxy.oldWorkers()) {
      const there = await readOpenConnections((command) => this.proxy.master.askOldWorker(pid, command), place.pool);
      open += there.get(place.slot) ?? 0;
    }
    return open;
  }

  /** Fills in how many connections are still open to servers that drain. */
  async withDraining(routes: readonly ObservedRoute[]): Promise<ObservedRoute[]> {
    const state = await this.proxy.look();
    const draining = routes.flatMap((route) => {
      const pool = state.owned.get(route.environmentId);
      return pool?.slots.some((slot) => slot.state === 'drain') ? [pool] : [];
    });
    const open = new Map<string, number>();
    for (const pool of draining) {
      const servers = await readOpenConnections(async (command) => (await this.proxy.socket.send([command]))[0] ?? '', pool.name);
      const names = pool.slots.filter((slot) => slot.state === 'drain').map((slot) => slot.name);
      open.set(pool.name, names.reduce((sum, name) => sum + (servers.get(name) ?? 0), 0));
    }
    return routes.map((route) => ({ ...route, draining: open.get(state.owned.get(route.environmentId)?.name ?? '') ?? 0 }));
  }

  /** HAProxy ended and began anew: with it all WebSockets ended, unless it only loaded a configuration. */
  private afterRestart(state: ProxyState, identity: string): void {
    if (!this.proxy.wasReload(identity)) {
      for (const pool of state.owned.values()) for (const slot of pool.slots) this.cut(slot.name, pool.owner?.environmentId);
    }
    this.identity = identity;
  }

  private cut(slot: string, environmentId: string | undefined): void {
    if (environmentId) this.ledger.addDropped(environmentId, this.tunnels.get(slot) ?? 0);
    this.tunnels.delete(slot);
  }

  private async save(): Promise<void> {
    await writeAtomically(this.proxy.paths.trafficLedger, JSON.stringify(this.ledger.toFile()));
  }
}

function findInstance(state: ProxyState, instanceId: string): { pool: string; slot: string; environmentId: string } | undefined {
  for (const [environmentId, pool] of state.owned) {
    const slot = pool.slots.find((one) => one.instanceId === instanceId);
    if (slot) return { pool: pool.name, slot: slot.name, environmentId };
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
