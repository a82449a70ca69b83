import { parseIdentity, parseStat, parseTunnels, type StatRow } from './runtime-answers.js';
import type { RuntimeSocket } from './runtime-socket.js';
import type { PoolReading } from './traffic-ledger.js';

/** Above this many pools one answer about all backends is cheaper than one answer each. */
const askOneByOneUpTo = 100;
const backendRow = 2;
const serverRow = 4;

export interface TrafficReading {
  readonly identity: string;
  readonly pools: readonly PoolReading[];
  /** `p0001s1` → open WebSockets. */
  readonly tunnels: ReadonlyMap<string, number>;
}

/**
 * Reads the counters of pools (`pool` → environment's id). Requests come and go while a row is written: the middle one
 * of three `looks` at once has no such error.
 */
export async function readTraffic(socket: RuntimeSocket, owners: ReadonlyMap<string, string>, looks: 1 | 3): Promise<TrafficReading> {
  const names = owners.size > askOneByOneUpTo ? ['-1'] : [...owners.keys()];
  const stats = names.flatMap((name) => Array.from({ length: looks }, () => `show stat ${name} ${backendRow} -1`));
  const [info = '', table = '', ...answers] = await socket.send(['show info', 'show table molo-tunnels', ...stats]);
  const readings = new Map<string, PoolReading[]>();
  for (const row of answers.flatMap(parseStat)) {
    const pool = row.proxy;
    const environmentId = owners.get(pool);
    if (environmentId) readings.set(pool, [...(readings.get(pool) ?? []), poolReading(pool, environmentId, row)]);
  }
  const pools = [...readings.values()].map(middle);
  return { identity: parseIdentity(info), pools, tunnels: parseTunnels(table) };
}

/** Connections (requests under way and WebSockets) that servers have open: `p0001s1` → count. */
export function parseOpenConnections(showStat: string): Map<string, number> {
  return new Map(parseStat(showStat).map((row) => [row.text('svname'), row.number('scur')]));
}

export function showServers(pool: string): string {
  return `show stat ${pool} ${serverRow} -1`;
}

function middle(looks: readonly PoolReading[]): PoolReading {
  const sorted = looks.toSorted((a, b) => a.counters.unanswered - b.counters.unanswered);
  return sorted[Math.floor(sorted.length / 2)] as PoolReading;
}

function poolReading(pool: string, environmentId: string, row: StatRow): PoolReading {
  const openConnections = row.number('scur');
  const requests = row.number('stot');
  return {
    pool,
    environmentId,
    counters: {
      requests,
      responses5xx: row.number('hrsp_5xx'),
      brokenOff: row.number('srv_abrt'),
      unanswered: requests - openConnections - row.number('req_tot'),
      tunnelsCut: 0,
      connectionErrors: row.number('econ'),
      bytesIn: row.number('bin'),
      bytesOut: row.number('bout'),
    },
    openConnections,
    slowestMs: row.number('qtime_max') + row.number('ctime_max') + row.number('rtime_max'),
  };
}
