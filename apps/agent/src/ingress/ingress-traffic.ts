import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { DesiredRoute, NodeFigures, ObservedRoute, TrafficCount } from '@molo/contracts';
import { writeWhole } from '../atomic-file.js';
import { CoalescedWork } from '../coalesced-work.js';
import type { Log } from '../logger.js';
import type { IngressSwitch } from './ingress-switch.js';
import { poolOfSlot, type ProxyState } from './proxy-state.js';
import { parseIdentity, parseTunnels } from './runtime-answers.js';
import { LedgerFile, TrafficLedger, type PoolReading } from './traffic-ledger.js';
import { parseOpenConnections, readTraffic, showServers } from './traffic-reader.js';
import type { InstanceAddress } from './wish.js';

export type IngressFigures = NodeFigures['environments'][number];

interface Place {
  readonly slot: string;
  readonly pool: string;
  readonly instanceId: string;
  readonly environmentId: string;
}

/** Open WebSockets of a server, and whose they are: a HAProxy that began anew knows nothing of servers that drained. */
interface Tunnels extends Place {
  readonly open: number;
}

/** Counts what happens at the ingress, by environment. One caller at a time. */
export class IngressTraffic {
  private ledger = new TrafficLedger();
  /** `p0001s1` → WebSockets open when last looked: what is cut when that server ends. */
  private tunnels = new Map<string, Tunnels>();
  /** Environment's id → requests under way when last looked: what is cut when HAProxy ends. */
  private underWay = new Map<string, number>();
  private readonly saving = new CoalescedWork(() => this.save());
  private savedDigest = '';

  constructor(
    private readonly proxy: IngressSwitch,
    private readonly log: Log,
  ) {}

  get isCounting(): boolean {
    return this.ledger.counting.size > 0;
  }

  /** Goes on with what was counted before the agent was started again. */
  async open(): Promise<void> {
    const text = await readFile(this.proxy.paths.trafficLedger, 'utf8').catch(() => null);
    const file = LedgerFile.safeParse(text === null ? null : parseJson(text));
    if (file.success) this.ledger = new TrafficLedger(file.data);
  }

  async close(): Promise<void> {
    await this.sampleCounting().catch(() => undefined);
    this.saving.ask();
    await this.saving.rest();
  }

  /** Before HAProxy is changed: counts what instances that are gone took with them, and begins and ends deployments' counts. */
  async beforeSwitch(routes: readonly DesiredRoute[], addresses: ReadonlyMap<string, InstanceAddress>): Promise<void> {
    const state = await this.proxy.look();
    await this.countCut(({ instanceId }) => !addresses.has(instanceId));

    const wanted = new Map<string, string>();
    for (const { environmentId, countingDeploymentId } of routes) if (countingDeploymentId !== null) wanted.set(environmentId, countingDeploymentId);
    const begins = [...wanted].filter(([environmentId, deploymentId]) => this.ledger.counting.get(environmentId) !== deploymentId);
    const ends = [...this.ledger.counting.keys()].filter((environmentId) => !wanted.has(environmentId));
    const environments = new Set(routes.map((route) => route.environmentId));
    const leaving = [...state.owned.keys()].filter((environmentId) => !environments.has(environmentId));
    if (begins.length === 0 && ends.length === 0 && leaving.length === 0) return;

    await this.sample([...wanted.keys(), ...ends, ...leaving], 3);
    for (const environmentId of ends) this.ledger.end(environmentId);
    for (const [environmentId, deploymentId] of begins) this.ledger.begin(environmentId, deploymentId);
    this.ledger.keepOnly(environments);
    // HAProxy clears the maxima of all pools alone; those that are counted have theirs in the ledger.
    if (begins.length > 0) await this.proxy.socket.send(['clear counters']);
    this.saving.ask();
    await this.saving.rest();
  }

  /** An instance ended by itself. */
  async instanceEnded(instanceId: string): Promise<void> {
    await this.countCut((tunnels) => tunnels.instanceId === instanceId);
  }

  async counts(): Promise<TrafficCount[]> {
    if (!this.isCounting) return [];
    await this.sampleCounting();
    // Not waited for: HAProxy counts on, so what is not written when the agent dies is read again.
    this.saving.ask();
    return this.ledger.counts();
  }

  async figures(): Promise<IngressFigures[]> {
    const readings = await this.sample([...(await this.proxy.look()).owned.keys()], 1);
    this.saving.ask();
    return readings.map(({ environmentId, openConnections }) => {
      const { requests, responses5xx, connectionErrors, bytesIn, bytesOut } = this.ledger.totals(environmentId);
      return { environmentId, requests, responses5xx, connectionErrors, openConnections, bytesIn, bytesOut };
    });
  }

  async sampleCounting(): Promise<void> {
    if (this.isCounting) await this.sample([...this.ledger.counting.keys()], 3);
  }

  /** Requests under way and WebSockets of an instance, in workers of before a reload too. */
  async openConnections(instanceId: string): Promise<number> {
    const place = findInstance(await this.proxy.look(), instanceId);
    if (!place) return 0;
    const [servers = '', table = '', info = ''] = await this.proxy.socket.send([showServers(place.pool), 'show table molo-tunnels', 'show info']);
    // After a restart of HAProxy the next sample has to see what there was before it.
    if (parseIdentity(info) === this.ledger.identity) this.tunnels.set(place.slot, { ...place, open: parseTunnels(table).get(place.slot) ?? 0 });
    let open = parseOpenConnections(servers).get(place.slot) ?? 0;
    for (const pid of await this.proxy.oldWorkers()) {
      open += parseOpenConnections(await this.proxy.master.askOldWorker(pid, showServers(place.pool))).get(place.slot) ?? 0;
    }
    return open;
  }

  /** Fills in how many connections are still open to servers that drain. */
  async withDraining(routes: readonly ObservedRoute[]): Promise<ObservedRoute[]> {
    const state = await this.proxy.look();
    const drains = [...state.owned].filter(([, pool]) => pool.slots.some((slot) => slot.state === 'drain'));
    if (drains.length === 0) return [...routes];
    const answers = await this.proxy.socket.send(drains.map(([, pool]) => showServers(pool.name)));
    const open = new Map(answers.flatMap((answer) => [...parseOpenConnections(answer)]));
    const draining = new Map(drains.map(([environmentId, { slots }]) => [environmentId, slots.filter((slot) => slot.state === 'drain').reduce((sum, slot) => sum + (open.get(slot.name) ?? 0), 0)]));
    return routes.map((route) => (draining.has(route.environmentId) ? { ...route, draining: draining.get(route.environmentId) ?? 0 } : route));
  }

  /** Takes in what HAProxy counted for some environments since the last look. */
  private async sample(environmentIds: readonly string[], looks: 1 | 3): Promise<readonly PoolReading[]> {
    const state = await this.proxy.look();
    const owners = new Map(environmentIds.flatMap((id) => (state.owned.has(id) ? [[state.owned.get(id)?.name ?? '', id] as const] : [])));
    const { identity, pools, tunnels } = await readTraffic(this.proxy.socket, owners, looks);
    if (identity !== this.ledger.identity) this.afterRestart(identity);
    this.ledger.take(identity, pools);
    this.tunnels = new Map(tunnelsOf(state, tunnels).map((each) => [each.slot, each]));
    this.underWay = requestsUnderWay(pools, tunnels);
    return pools;
  }

  /** Counts those that ended along with their instances. */
  private async countCut(isOfEnded: (tunnels: Tunnels) => boolean): Promise<void> {
    const had = [...this.tunnels.values()].filter((tunnels) => tunnels.open > 0 && isOfEnded(tunnels));
    if (had.length === 0) return;
    const [table = ''] = await this.proxy.socket.send(['show table molo-tunnels']);
    const now = parseTunnels(table);
    for (const tunnels of had) {
      // Those still open live on: the instance was only taken out.
      const open = now.get(tunnels.slot) ?? 0;
      this.ledger.addTunnelsCut(tunnels.environmentId, tunnels.open - open);
      this.tunnels.set(tunnels.slot, { ...tunnels, open });
    }
  }

  /** HAProxy began anew; with the one before ended all that it had open, unless it only loaded a configuration. */
  private afterRestart(identity: string): void {
    if (this.proxy.wasReload(identity)) return;
    for (const { open, environmentId } of this.tunnels.values()) this.ledger.addTunnelsCut(environmentId, open);
    for (const [environmentId, requests] of this.underWay) this.ledger.addRequestsCut(environmentId, requests);
  }

  /** A ledger that cannot be written holds up no switch: it is wanted after a restart of the agent alone. */
  private async save(): Promise<void> {
    const text = this.ledger.toText();
    const digest = hash('sha256', text);
    if (digest === this.savedDigest) return;
    try {
      await writeWhole(this.proxy.paths.trafficLedger, text);
      this.savedDigest = digest;
    } catch (error) {
      this.log.error({ err: error }, 'what was counted of traffic cannot be written');
    }
  }
}

function findInstance(state: ProxyState, instanceId: string): Place | null {
  for (const [environmentId, { name: pool, slots }] of state.owned) {
    const slot = slots.find((one) => one.instanceId === instanceId);
    if (slot) return { slot: slot.name, pool, instanceId, environmentId };
  }
  return null;
}

function tunnelsOf(state: ProxyState, openBySlot: ReadonlyMap<string, number>): Tunnels[] {
  return [...openBySlot].flatMap(([slot, open]) => {
    const pool = state.pools.get(poolOfSlot(slot));
    const instanceId = pool?.slots.find((one) => one.name === slot)?.instanceId;
    return pool?.owner && instanceId ? [{ slot, pool: pool.name, instanceId, environmentId: pool.owner.environmentId, open }] : [];
  });
}

function requestsUnderWay(pools: readonly PoolReading[], tunnels: ReadonlyMap<string, number>): Map<string, number> {
  const byPool = new Map<string, number>();
  for (const [slot, open] of tunnels) byPool.set(poolOfSlot(slot), (byPool.get(poolOfSlot(slot)) ?? 0) + open);
  return new Map(pools.map(({ pool, environmentId, openConnections }) => [environmentId, Math.max(0, openConnections - (byPool.get(pool) ?? 0))]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
