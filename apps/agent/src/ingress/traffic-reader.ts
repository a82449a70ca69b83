import { parseIdentity, parseStat, parseTunnels, statNumber, type StatRow } from './runtime-answers.js';
import type { RuntimeSocket } from './runtime-socket.js';
import type { PoolReading } from './traffic-ledger.js';

/** Above this many pools one answer about all backends is cheaper than one answer each. */
const askOneByOneUpTo = 50;
const backendRow = 2;
const serverRow = 4;

export interface TrafficReading {
  readonly identity: string;
  readonly pools: readonly PoolReading[];
  /** `p0001s1` → open WebSockets. */
  readonly tunnels: ReadonlyMap<string, number>;
}

/** Reads the counters of pools (`pool` → environment's id), in one round trip. */
export async function readTraffic(socket: RuntimeSocket, owners: ReadonlyMap<string, string>): Promise<TrafficReading> {
  const names = owners.size > askOneByOneUpTo ? ['-1'] : [...owners.keys()];
  const [info = '', table = '', ...stats] = await socket.send([
    'show info',
    'show table molo-tunnels',
    ...names.map((name) => `show stat ${name} ${backendRow} -1`),
  ]);
  const pools = stats.flatMap(parseStat).flatMap((row) => {
    const pool = row.get('pxname') ?? '';
    const environmentId = owners.get(pool);
    return environmentId ? [poolReading(pool, environmentId, row)] : [];
  });
  return { identity: parseIdentity(info), pools, tunnels: parseTunnels(table) };
}

/** Connections (requests under way and WebSockets) that servers have open: `p0001s1` → count. */
export async function readOpenConnections(ask: (command: string) => Promise<string>, pool: string): Promise<Map<string, number>> {
  const rows = parseStat(await ask(`show stat ${pool} ${serverRow} -1`));
  return new Map(rows.map((row) => [row.get('svname') ?? '', statNumber(row, 'scur')]));
}

function poolReading(pool: string, environmentId: string, row: StatRow): PoolReading {
  const responses5xx = statNumber(row, 'hrsp_5xx');
  const brokenOff = statNumber(row, 'srv_abrt');
  return {
    pool,
    environmentId,
    counters: {
      requests: statNumber(row, 'req_tot'),
      failed: responses5xx + brokenOff,
      dropped: brokenOff,
      responses5xx,
      connectionErrors: statNumber(row, 'econ'),
      bytesIn: statNumber(row, 'bin'),
      bytesOut: statNumber(row, 'bout'),
    },
    openConnections: statNumber(row, 'scur'),
    slowestMs: statNumber(row, 'qtime_max') + statNumber(row, 'ctime_max') + statNumber(row, 'rtime_max'),
  };
}
