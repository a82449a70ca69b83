import { z } from 'zod';
import type { TrafficCount } from '@molo/contracts';

/**
 * What HAProxy counted for one environment, added up over its restarts. How HAProxy's counters (names as in
 * `show stat`, row BACKEND) were read was found by experiment with 2.6 and 3.0; traffic.engine.spec.ts repeats it.
 */
const Totals = z.object({
  /** Requests that came, those under way too (`stot`). */
  requests: z.number(),
  /** Answered 5xx, by the app or by the ingress in its stead (`hrsp_5xx`). */
  responses5xx: z.number(),
  /** Answers, and WebSockets, that a reset from the app's side broke off; in 3.0 `unanswered` too (`srv_abrt`). */
  brokenOff: z.number(),
  /**
   * Requests whose kept-alive connection was closed without a byte of an answer, as HTTP has it when the app's side
   * ended: the client may ask again. No counter of 2.6 has them; they began (`stot`), do not run (`scur`) and never
   * ended (`req_tot`).
   */
  unanswered: z.number(),
  /** WebSockets that were open to an instance when it ended, or to HAProxy when that did. */
  tunnelsCut: z.number(),
  /** Requests that found no server to connect to (`econ`). */
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
  /** Longest time from the request to the head of its answer since HAProxy's maxima were last cleared. */
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

const zero: Totals = { requests: 0, responses5xx: 0, brokenOff: 0, unanswered: 0, tunnelsCut: 0, connectionErrors: 0, bytesIn: 0, bytesOut: 0 };
const keys = Object.keys(zero) as (keyof Totals)[];

/** Adds HAProxy's counters up over restarts of HAProxy and of the agent. Knows no clock and no socket. */
export class TrafficLedger {
  private readonly file: LedgerFile;

  constructor(file: LedgerFile = { identity: 'none', last: {}, totals: {}, counting: {} }) {
    this.file = structuredClone(file);
  }

  /** Which run of HAProxy was read last. */
  get identity(): string {
    return this.file.identity;
  }

  /** Takes in a reading. A pool has to be read as it is given away too: what it counts until then belongs to its former owner. */
  take(identity: string, readings: readonly PoolReading[]): void {
    if (identity !== this.file.identity) {
      this.file.identity = identity;
      this.file.last = {};
    }
    for (const reading of readings) {
      this.add(reading.environmentId, combine(reading.counters, this.file.last[reading.pool] ?? zero, (now, before) => now - before));
      this.file.last[reading.pool] = reading.counters;
      const counting = this.file.counting[reading.environmentId];
      if (counting) counting.slowestMs = Math.max(counting.slowestMs, reading.slowestMs);
    }
  }

  addTunnelsCut(environmentId: string, tunnels: number): void {
    if (tunnels > 0) this.add(environmentId, { ...zero, tunnelsCut: tunnels });
  }

  /** Requests that were under way when HAProxy ended: broken off, or never answered, nobody knows which. */
  addRequestsCut(environmentId: string, requests: number): void {
    if (requests > 0) this.add(environmentId, { ...zero, brokenOff: requests, unanswered: requests });
  }

  begin(environmentId: string, deploymentId: string): void {
    this.file.counting[environmentId] = { deploymentId, baseline: { ...this.totals(environmentId) }, slowestMs: 0 };
  }

  end(environmentId: string): void {
    delete this.file.counting[environmentId];
  }

  /** Environment's id → the deployment that is counted. */
  get counting(): Map<string, string> {
    return new Map(Object.entries(this.file.counting).map(([environmentId, { deploymentId }]) => [environmentId, deploymentId]));
  }

  counts(): TrafficCount[] {
    return Object.entries(this.file.counting).map(([environmentId, { deploymentId, baseline, slowestMs }]) => ({
      deploymentId,
      environmentId,
      ...verdict(combine(this.totals(environmentId), baseline, (now, before) => now - before)),
      slowestMs,
    }));
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

  /** The ledger's form on disk, as JSON. */
  toText(): string {
    return JSON.stringify(this.file);
  }

  private add(environmentId: string, delta: Totals): void {
    this.file.totals[environmentId] = combine(this.totals(environmentId), delta, (a, b) => a + b);
  }
}

/**
 * - `failed`: requests without a whole, good answer: answered 5xx (by the app or in its stead), broken off, or never
 *   answered. A request that the ingress repeated with success has not failed, and one that its client gave up is not
 *   counted as failed.
 * - `connectionsDropped`: connections cut under a client: along with an answer that broke off or never came, and
 *   WebSockets that were open when their instance ended. So a broken-off request counts in both, a WebSocket here only.
 *
 * 2.6 counts a reset before the answer as broken off and as unanswered, so the two are not added: where both kinds
 * happen at once the figures can be too low. An instance killed before it read all that a WebSocket had sent ends it by
 * a reset, which counts as broken off too: it is dropped twice and failed once, and no counter of HAProxy tells it from
 * an answer that broke off. So under load the figures of a killed instance are too high by some WebSockets, and by those
 * that ended by themselves since the last look. While HAProxy lives they are 0 if and only if nothing was cut. One that ends takes
 * its counters with it: what it had under way counts as it was at the last look, a second before at most.
 */
function verdict(delta: Totals): Pick<TrafficCount, 'requests' | 'failed' | 'connectionsDropped'> {
  const cut = Math.max(0, delta.brokenOff, delta.unanswered);
  return { requests: delta.requests, failed: delta.responses5xx + cut, connectionsDropped: cut + delta.tunnelsCut };
}

function combine(one: Totals, other: Totals, operation: (a: number, b: number) => number): Totals {
  return Object.fromEntries(keys.map((key) => [key, operation(one[key], other[key])])) as Totals;
}
