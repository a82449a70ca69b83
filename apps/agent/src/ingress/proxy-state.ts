import { slotsPerPool } from './config.js';
import type { ServerState } from './runtime-answers.js';

/** A server slot of a prepared backend. */
export interface Slot {
  /** Its name alone names it: HAProxy's records and its table of WebSockets have it as their key. */
  readonly name: string;
  host: string;
  port: number;
  state: ServerState;
  /** The instance that was put here, from HAProxy's own map; null for a free slot. */
  instanceId: string | null;
  release: number | null;
}

export interface Owner {
  readonly environmentId: string;
  readonly app: string;
  readonly environment: string;
}

/** A prepared backend. */
export interface Pool {
  readonly name: string;
  /** The environment that has it; null while it is free. */
  owner: Owner | null;
  /** What HAProxy's own record says of the owner. */
  record: string | null;
  slots: Slot[];
}

/** What HAProxy has. */
export interface ProxyState {
  /** Which run of HAProxy this was read from. */
  readonly identity: string;
  /** host → backend; more than one value when an interrupted change left a key twice. */
  readonly hosts: Map<string, string[]>;
  readonly pools: Map<string, Pool>;
  /** Environment's id → its pool. */
  readonly owned: Map<string, Pool>;
}

/** Where an unused slot points to: the discard port, and in maintenance. */
export const restAddress = { host: '127.0.0.1', port: 9 } as const;

export function poolName(index: number): string {
  return `pool-${String(index).padStart(4, '0')}`;
}

export function isPoolName(name: string): boolean {
  return /^pool-\d{4,}$/.test(name);
}

export function emptyPool(name: string): Pool {
  const slots = Array.from({ length: slotsPerPool }, (_, index) => freeSlot(`${slotPrefix(name)}${index + 1}`));
  return { name, owner: null, record: null, slots };
}

/** `pool-0001` has the slots `p0001s1` to `p0001s8`. */
export function slotPrefix(pool: string): string {
  return `p${pool.slice('pool-'.length)}s`;
}

export function poolOfSlot(slot: string): string {
  return `pool-${/^p(\d+)/.exec(slot)?.[1] ?? ''}`;
}

/** Beyond its prepared slots a pool gets `p0001x1`, … at runtime. */
export function extraSlotPrefix(pool: string): string {
  return `p${pool.slice('pool-'.length)}x`;
}

export function freeSlot(name: string): Slot {
  return { name, ...restAddress, state: 'maint', instanceId: null, release: null };
}

/** A state with nothing in it: what a machine starts with. */
export function emptyProxyState(pools: number): ProxyState {
  const names = Array.from({ length: pools }, (_, index) => poolName(index + 1));
  return { identity: 'none', hosts: new Map(), pools: new Map(names.map((name) => [name, emptyPool(name)])), owned: new Map() };
}

export function claim(state: ProxyState, pool: Pool, owner: Owner): void {
  pool.owner = owner;
  state.owned.set(owner.environmentId, pool);
}

export function disown(state: ProxyState, pool: Pool): void {
  if (pool.owner) state.owned.delete(pool.owner.environmentId);
  pool.owner = null;
}

/** Values of HAProxy's records: `<instance id>/<release>` by `p0001s1`, `<environment id>/<app>/<environment>` by `pool-0001`. */
export function serverRecord(instanceId: string, release: number | null): string {
  return `${instanceId}/${release ?? 0}`;
}

export function parseServerRecord(value: string): { instanceId: string; release: number | null } {
  const [instanceId = '', release = '0'] = value.split('/');
  return { instanceId, release: Number(release) || null };
}

export function environmentRecord(owner: Owner): string {
  return `${owner.environmentId}/${owner.app}/${owner.environment}`;
}

export function parseEnvironmentRecord(value: string): Owner {
  const [environmentId = '', app = '', environment = ''] = value.split('/');
  return { environmentId, app, environment };
}
