import { slotsPerPool, type IngressPaths, type IngressSettings } from './config.js';
import { renderPlatform, type Machine } from './config-platform.js';
import { claim, emptyPool, environmentRecord, isPoolName, parseEnvironmentRecord, parseServerRecord, poolName, restAddress, serverRecord, slotPrefix, type Pool, type ProxyState, type Slot } from './proxy-state.js';

/** Every file from which HAProxy, starting on its own, comes back with `state`: path → content. */
export function renderFiles(settings: IngressSettings, paths: IngressPaths, machine: Machine, state: ProxyState): Map<string, string> {
  return new Map([
    [paths.hostsMap, renderHosts(state)],
    [paths.environmentsMap, renderEnvironments(state)],
    [paths.serversMap, renderServers(state)],
    [paths.config, renderConfig(settings, paths, machine, state)],
  ]);
}

export function renderConfig(settings: IngressSettings, paths: IngressPaths, machine: Machine, state: ProxyState): string {
  return `${[renderPlatform(settings, paths, machine), ...[...state.pools.values()].map(renderPool)].join('\n')}\n`;
}

function renderPool(pool: Pool): string {
  return [`backend ${pool.name} from app`, ...renderSlots(pool)].join('\n');
}

/** Pools at rest are one line: of 1,000 most are. */
function renderSlots({ name, slots }: Pool): string[] {
  const rest = `${restAddress.host}:${restAddress.port} disabled`;
  if (!slots.some(takesRequests)) return [`  server-template ${slotPrefix(name)} ${slotsPerPool} ${rest}`];
  return slots
    .filter((slot) => slot.name.startsWith(slotPrefix(name)) || takesRequests(slot))
    .map((slot) => `  server ${slot.name} ${takesRequests(slot) ? `${slot.host}:${slot.port}` : rest}`);
}

/** After a restart no connection is left to drain: only what takes new requests has to come back. */
function takesRequests(slot: Slot): boolean {
  return slot.instanceId !== null && slot.state === 'ready';
}

function renderHosts(state: ProxyState): string {
  return asLines([...state.hosts].map(([host, [backend = '']]) => `${host} ${backend}`));
}

function renderEnvironments(state: ProxyState): string {
  return asLines([...state.pools.values()].flatMap((pool) => (pool.owner ? [`${pool.name} ${environmentRecord(pool.owner)}`] : [])));
}

function renderServers(state: ProxyState): string {
  return asLines(
    [...state.pools.values()].flatMap((pool) =>
      pool.slots.filter(takesRequests).map((slot) => `${slot.name} ${serverRecord(slot.instanceId ?? '', slot.release)}`),
    ),
  );
}

function asLines(entries: readonly string[]): string {
  return entries.map((entry) => `${entry}\n`).join('');
}

/** The part that does not depend on what is deployed. */
export function platformPart(config: string): string {
  return config.split(/^backend pool-/m)[0] ?? '';
}

/** Reads back what `renderFiles` wrote. */
export function readState(config: string, maps: { hosts: string; environments: string; servers: string }): ProxyState {
  const state: ProxyState = { identity: 'files', hosts: new Map(), pools: new Map(), owned: new Map() };
  for (const [host, backend] of fromLines(maps.hosts)) state.hosts.set(host, [backend]);
  const owners = fromLines(maps.environments);
  const records = fromLines(maps.servers);
  for (const section of config.split(/^backend /m).slice(1)) readPool(state, section, owners, records);
  return state;
}

function readPool(state: ProxyState, section: string, owners: Map<string, string>, records: Map<string, string>): void {
  const name = /^\S+/.exec(section)?.[0] ?? '';
  if (!isPoolName(name)) return;
  const pool = emptyPool(name);
  pool.record = owners.get(name) ?? null;
  if (pool.record !== null) claim(state, pool, parseEnvironmentRecord(pool.record));
  for (const [, slotName = '', host = '', port = ''] of section.matchAll(/^ {2}server (\S+) (\S+):(\d+)$/gm)) {
    const record = records.get(slotName);
    if (!record) continue;
    const slot: Slot = { name: slotName, host, port: Number(port), state: 'ready', ...parseServerRecord(record) };
    pool.slots = [...pool.slots.filter((one) => one.name !== slotName), slot].toSorted((a, b) => a.name.localeCompare(b.name));
  }
  state.pools.set(name, pool);
}

/** Adds empty pools up to `count`; takes none away. */
export function withPools(state: ProxyState, count: number): ProxyState {
  for (let index = 1; index <= count; index += 1) {
    if (!state.pools.has(poolName(index))) state.pools.set(poolName(index), emptyPool(poolName(index)));
  }
  return state;
}

function fromLines(text: string): Map<string, string> {
  return new Map(text.split('\n').filter((line) => line.includes(' ')).map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}
