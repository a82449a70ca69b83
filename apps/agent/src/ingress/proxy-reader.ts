import type { IngressPaths } from './config.js';
import { claim, isPoolName, parseEnvironmentRecord, parseServerRecord, type Pool, type ProxyState, type Slot } from './proxy-state.js';
import { parseIdentity, parseMap, parseServersState, type ServerRow } from './runtime-answers.js';
import type { RuntimeSocket } from './runtime-socket.js';

/** Everything that HAProxy has, in one round trip. About 20 ms of work with 1,000 pools, so not for each change. */
export async function readProxy(socket: RuntimeSocket, paths: IngressPaths): Promise<ProxyState> {
  const [info = '', servers = '', hosts = '', environments = '', records = ''] = await socket.send([
    'show info',
    'show servers state',
    `show map ${paths.hostsMap}`,
    `show map ${paths.environmentsMap}`,
    `show map ${paths.serversMap}`,
  ]);
  const state: ProxyState = { identity: parseIdentity(info), hosts: parseMap(hosts), pools: new Map(), owned: new Map() };
  const instances = parseMap(records);
  const owners = parseMap(environments);
  for (const row of parseServersState(servers)) {
    if (!isPoolName(row.backend)) continue;
    poolOf(state, row.backend, owners).slots.push(slotOf(row, instances));
  }
  return state;
}

/** Sends changes and looks at a few pools after them, in one round trip. What the records say is taken over from `known`. */
export async function refreshPools(socket: RuntimeSocket, known: ProxyState, names: readonly string[], changes: readonly string[] = []): Promise<{ identity: string }> {
  const answers = await socket.send([...changes, ...names.map((name) => `show servers state ${name}`), 'show info']);
  const identity = parseIdentity(answers.at(-1) ?? '');
  if (identity === known.identity) {
    names.forEach((name, index) => mergeRows(known.pools.get(name), parseServersState(answers[changes.length + index] ?? '')));
  }
  return { identity };
}

function poolOf(state: ProxyState, name: string, owners: Map<string, string[]>): Pool {
  const there = state.pools.get(name);
  if (there) return there;
  const record = owners.get(name)?.[0] ?? null;
  const pool: Pool = { name, owner: null, record, slots: [] };
  state.pools.set(name, pool);
  if (record !== null) claim(state, pool, parseEnvironmentRecord(record));
  return pool;
}

function slotOf(row: ServerRow, instances: Map<string, string[]>): Slot {
  const record = instances.get(row.name)?.[0];
  const { instanceId, release } = record ? parseServerRecord(record) : { instanceId: null, release: null };
  return { name: row.name, host: row.host, port: row.port, state: row.state, instanceId, release };
}

function mergeRows(pool: Pool | undefined, rows: readonly ServerRow[]): void {
  if (!pool) return;
  const before = new Map(pool.slots.map((slot) => [slot.name, slot]));
  pool.slots = rows.map((row) => ({
    ...(before.get(row.name) ?? { instanceId: null, release: null }),
    name: row.name,
    host: row.host,
    port: row.port,
    state: row.state,
  }));
}

