import { platformBackends } from './config-platform.js';
import type { IngressPaths } from './config.js';
import { environmentRecord, extraSlotPrefix, freeSlot, serverRecord, type Pool, type ProxyState, type Slot } from './proxy-state.js';
import type { EnvironmentWish, WantedServer } from './wish.js';

/*
 * The differences between a wish and what HAProxy has, as commands. Two halves, and between them a look at HAProxy:
 * first whatever takes requests comes in, and only when it is seen ready the old leaves. So at no time a host leads
 * to a pool without a ready server because of a switch. The plan changes the slots that it is given to what they are
 * after its commands; the look that follows tells whether that is true.
 */

/** Brings in every serving instance that is not ready yet. */
export function planEnter(paths: IngressPaths, pool: Pool, wish: EnvironmentWish): string[] {
  const commands: string[] = [];
  const record = environmentRecord(wish.owner);
  if (pool.record !== record) {
    commands.push(...setRecord(paths.environmentsMap, pool.name, record, pool.record !== null));
    pool.record = record;
  }
  for (const server of wish.serving) {
    const slot = pool.slots.find((one) => one.instanceId === server.instanceId) ?? takeSlot(pool, server, commands);
    commands.push(...fillSlot(paths, pool, slot, server, wish.release));
  }
  return commands;
}

/** Takes out what no longer serves: it drains while its instance lives, and its slot is free when it does not. */
export function planLeave(paths: IngressPaths, pool: Pool, wish: EnvironmentWish): string[] {
  const serving = new Set(wish.serving.map((server) => server.instanceId));
  const commands: string[] = [];
  for (const slot of pool.slots) {
    if (slot.instanceId !== null && serving.has(slot.instanceId)) continue;
    commands.push(...(slot.instanceId !== null && wish.isAlive(slot.instanceId) ? drain(pool, slot) : emptySlot(paths, pool, slot)));
  }
  return commands;
}

/** Gives a pool back: nothing in it, nobody's. */
export function planRelease(paths: IngressPaths, pool: Pool): string[] {
  const commands = pool.slots.flatMap((slot) => emptySlot(paths, pool, slot));
  if (pool.record !== null) commands.push(`del map ${paths.environmentsMap} ${pool.name}`);
  pool.record = null;
  return commands;
}

/** Whether every serving instance was seen to take requests. */
export function isServing(pool: Pool, wish: EnvironmentWish): boolean {
  return wish.serving.every((server) => {
    const slot = pool.slots.find((one) => one.instanceId === server.instanceId);
    return slot?.state === 'ready' && slot.host === server.host && slot.port === server.port;
  });
}

/** Changes of the host map that take hosts to `wanted`. Each is atomic; a host that moves never leads nowhere. */
export function planHosts(paths: IngressPaths, state: ProxyState, wanted: ReadonlyMap<string, string>): { enter: string[]; leave: string[] } {
  const enter: string[] = [];
  const leave: string[] = [];
  for (const [host, backend] of wanted) {
    const [now, ...more] = state.hosts.get(host) ?? [];
    if (now === backend && more.length === 0) continue;
    if (now === undefined) enter.push(`add map ${paths.hostsMap} ${host} ${backend}`);
    // `set map` sets every entry of the key.
    else enter.push(`set map ${paths.hostsMap} ${host} ${backend}`);
    state.hosts.set(host, [backend]);
  }
  for (const host of [...state.hosts.keys()].filter((known) => !wanted.has(known))) {
    leave.push(`del map ${paths.hostsMap} ${host}`);
    state.hosts.delete(host);
  }
  return { enter, leave };
}

/** Where a host leads. Only where nothing was ever deployed to the idle page: an app whose instances are all down is counted as failing. */
export function backendOf(pool: Pool, wish: EnvironmentWish): string {
  return wish.release === null && wish.serving.length === 0 ? platformBackends.idle : pool.name;
}

function takeSlot(pool: Pool, server: WantedServer, commands: string[]): Slot {
  const free = pool.slots.find((slot) => slot.instanceId === null && slot.state === 'maint');
  if (free) return free;
  // More servers than prepared slots: HAProxy takes more at runtime.
  const prefix = extraSlotPrefix(pool.name);
  const numbers = pool.slots.map((slot) => (slot.name.startsWith(prefix) ? Number(slot.name.slice(prefix.length)) : 0));
  const added = freeSlot(`${prefix}${Math.max(0, ...numbers) + 1}`);
  commands.push(`add server ${pool.name}/${added.name} ${server.host}:${server.port}`);
  Object.assign(added, { host: server.host, port: server.port });
  pool.slots.push(added);
  return added;
}

function fillSlot(paths: IngressPaths, pool: Pool, slot: Slot, server: WantedServer, release: number | null): string[] {
  const commands: string[] = [];
  const name = `${pool.name}/${slot.name}`;
  if (slot.host !== server.host || slot.port !== server.port) {
    // HAProxy drops the idle connections to the old address along with it.
    commands.push(`set server ${name} addr ${server.host} port ${server.port}`);
  }
  if (slot.instanceId !== server.instanceId || (slot.release !== release && slot.state !== 'ready')) {
    commands.push(...setRecord(paths.serversMap, slot.name, serverRecord(server.instanceId, release), slot.instanceId !== null));
    slot.release = release;
  }
  if (slot.state !== 'ready') commands.push(`set server ${name} state ready`);
  Object.assign(slot, { host: server.host, port: server.port, instanceId: server.instanceId, state: 'ready' });
  return commands;
}

function drain(pool: Pool, slot: Slot): string[] {
  if (slot.state === 'drain') return [];
  slot.state = 'drain';
  return [`set server ${pool.name}/${slot.name} state drain`];
}

function emptySlot(paths: IngressPaths, pool: Pool, slot: Slot): string[] {
  const name = `${pool.name}/${slot.name}`;
  const commands: string[] = [];
  if (slot.state !== 'maint') commands.push(`set server ${name} state maint`);
  if (slot.instanceId !== null) commands.push(`del map ${paths.serversMap} ${slot.name}`);
  Object.assign(slot, { state: 'maint', instanceId: null, release: null });
  if (slot.name.startsWith(extraSlotPrefix(pool.name))) {
    // Refused while a connection is open: the slot is then free for the next instance instead.
    commands.push(`del server ${name}`);
  }
  return commands;
}

function setRecord(map: string, key: string, value: string, exists: boolean): string[] {
  return exists ? [`set map ${map} ${key} ${value}`] : [`add map ${map} ${key} ${value}`];
}
