import { AppError } from '@molo/contracts';
import type { Pool, ProxyState } from './proxy-state.js';

/** The pool that grows ahead of need, at this share of use. */
const growAt = 0.8;

/** `recent`: pools given back lately, oldest first; they are taken last, so that no file on disk leads an old host to a new owner. */
export function freePool(state: ProxyState, recent: readonly string[]): Pool {
  const free = [...state.pools.values()].filter((pool) => pool.owner === null);
  const rested = free.find((pool) => !recent.includes(pool.name)) ?? free.toSorted((a, b) => recent.indexOf(a.name) - recent.indexOf(b.name))[0];
  if (!rested) throw new AppError('ingress_failed', { detail: 'The ingress has no room for another environment yet; it grows by itself, and Molo tries again.' });
  return rested;
}

/** How many pools there should be; the same number when there is room enough. */
export function wantedPools(state: ProxyState, environments: number): number {
  let pools = state.pools.size;
  while (environments >= pools * growAt) pools *= 2;
  return pools;
}
