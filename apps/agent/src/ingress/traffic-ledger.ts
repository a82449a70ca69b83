import { z } from 'zod';
import type { TrafficCount } from '@molo/contracts';

/**
 * What HAProxy counted for one environment, added up over its restarts: never falls.
 *
 * - `requests`: requests that came for the environment (`req_tot` of its pool).
 * - `failed`: requests that did not get a whole, good answer: answered 5xx, by the app or by the ingress; closed without
 *   an answer while the client was still there; or broken off in the middle of the answer by the app's side.
 * - `dropped`: connections cut under a client: answers broken off, connections closed without an answer, and
 *   WebSockets that were open to an instance when it ended, or when HAProxy itself did.
 * - `slowestMs` is not a sum: see `Counting`.
 */
const Totals = z.object({
  requests: z.number(),
  failed: z.number(),
  dropped: z.number(),
  responses5xx: z.number(),
  connectionErrors: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
});
export type Totals = z.infer<typeof Totals>;

/** One reading of a pool's own counters, which begin at 0 with each run of HAProxy. */
export interface PoolReading {
  readonly pool: string;
  readonly environmentId: string;
  readonly counters: Totals;
  readonly openConnections: number;
  /** Longest time from the request to the head of its answer since the maxima were last cleared. */
  readonly slowestMs: number;
}

const Counting = z.object({
  deploymentId: z.string(),
  baseline: Totals,
  /** Running maximum: HAProxy can clear its maxima only for all pools together. */
  slowestMs: z.number(),
});

/** The ledger's form on disk. */
export const LedgerFile = z.object({
  /** Which run of HAProxy `last` was read from. */
  identity: z.string(),
  last: z.record(z.string(), Totals),
  totals: z.record(z.string(), Totals),
  counting: z.record(z.string(), Counting),
});
export type LedgerFile = z.infer<typeof LedgerFile>;

const zero: Totals = { requests: 0, failed: 0, dropped: 0, responses5xx: 0, connectionErrors: 0, bytesIn: 0, bytesOut: 0 };
const keys = Object.keys(zero) as (keyof Totals)[];

function combine(one: Totals, other: Totals, operation: (a: number, b: number) => number): Totals {
  return Object.fromEntries(keys.map((key) => [key, operation(one[key], other[key])])) as Totals;
}

/** Adds HAProxy's counters up over restarts of HAProxy and of the agent. Knows no clock and no socket. */
export class TrafficLedger {
  private file: LedgerFile;

  constructor(file: LedgerFile = { identity: 'none', last: {}, totals: {}, counting: {} }) {
    this.file = structuredClone(file);
  }

  /** Takes in a reading. A pool has to be read as it is given away too: what it counts until then belongs to its former owner. */
  take(identity: string, readings: readonly PoolReading[]): void {
    if (identity !== this.file.identity) {
      this.file.identity = identity;
      this.file.last = {};
    }
    for (const reading of readings) {
      const last = this.file.last[reading.pool];
      this.add(reading.environmentId, combine(reading.counters, last ?? zero, (now, before) => Math.max(0, now - before)));
      this.file.last[reading.pool] = reading.counters;
      const counting = this.file.counting[reading.environmentId];
      if (counting) counting.slowestMs = Math.max(counting.slowestMs, reading.slowestMs);
    }
  }

  /** Connections that ended because an instance, or HAProxy, did: HAProxy's counters cannot tell. */
  addDropped(environmentId: string, connections: number): void {
    if (connections > 0) this.add(environmentId, { ...zero, dropped: connections });
  }

  /** Begins a deployment's count, unless it runs already. True when it began, and the maxima have to be cleared. */
  begin(environmentId: string, deploymentId: string): boolean {
    if (this.file.counting[environmentId]?.deploymentId === deploymentId) return false;
    this.file.counting[environmentId] = { deploymentId, baseline: { ...this.totals(environmentId) }, slowestMs: 0 };
    return true;
  }

  end(environmentId: string): void {
    delete this.file.counting[environmentId];
  }

  countingEnvironments(): Map<string, string> {
    return new Map(Object.entries(this.file.counting).map(([environmentId, { deploymentId }]) => [environmentId, deploymentId]));
  }

  counts(): TrafficCount[] {
    return Object.entries(this.file.counting).map(([environmentId, counting]) => {
      const delta = combine(this.totals(environmentId), counting.baseline, (now, before) => now - before);
      return {
        deploymentId: counting.deploymentId,
        environmentId,
        requests: delta.requests,
        failed: delta.failed,
        connectionsDropped: delta.dropped,
        slowestMs: counting.slowestMs,
      };
    });
  }

  totals(environmentId: string): Totals {
    return this.file.totals[environmentId] ?? zero;
  }

  /** Forgets environments that are no more. */
  keepOnly(environmentIds: ReadonlySet<string>): void {
    for (const record of [this.file.totals, this.file.counting]) {
      for (const id of Object.keys(record)) if (!environmentIds.has(id)) delete record[id];
    }
  }

  toFile(): LedgerFile {
    return structuredClone(this.file);
  }

  private add(environmentId: string, delta: Totals): void {
    this.file.totals[environmentId] = combine(this.totals(environmentId), delta, (a, b) => a + b);
  }
}
