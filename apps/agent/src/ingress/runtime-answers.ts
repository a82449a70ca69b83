/** Parsers of what HAProxy's runtime API answers; shapes are those of HAProxy 2.6 to 3.0. */

export type ServerState = 'ready' | 'drain' | 'maint' | 'down';

export interface ServerRow {
  readonly backend: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly state: ServerState;
}

// srv_admin_state of `show servers state` (server-t.h): forced, inherited, DNS and hostname maintenance; forced and
// inherited drain. The flag "disabled in the configuration" (4) stays set after a server was made ready.
const maintFlags = 0x01 | 0x02 | 0x20 | 0x40;
const drainFlags = 0x08 | 0x10;
const operationalRunning = 2;

export function parseServersState(answer: string): ServerRow[] {
  const rows: ServerRow[] = [];
  for (const line of answer.split('\n')) {
    const fields = line.split(' ');
    if (line.startsWith('#') || fields.length < 19) continue;
    const [, backend = '', , name = '', host = '', operational = '', admin = ''] = fields;
    rows.push({ backend, name, host, port: Number(fields[18]), state: serverState(Number(operational), Number(admin)) });
  }
  return rows;
}

function serverState(operational: number, admin: number): ServerState {
  if ((admin & maintFlags) !== 0) return 'maint';
  if ((admin & drainFlags) !== 0) return 'drain';
  return operational === operationalRunning ? 'ready' : 'down';
}

/** `show map`: `<pointer> <key> <value>` a line. A key can be there more than once; the first one counts. */
export function parseMap(answer: string): Map<string, string[]> {
  const entries = new Map<string, string[]>();
  for (const line of answer.split('\n')) {
    const match = /^0x[0-9a-f]+ (\S+) (.*)$/.exec(line);
    if (!match?.[1]) continue;
    entries.set(match[1], [...(entries.get(match[1]) ?? []), match[2] ?? '']);
  }
  return entries;
}

/** Names one run of HAProxy: counters and runtime state begin anew with the next one. */
export function parseIdentity(showInfo: string): string {
  const pid = /^Pid: (\d+)$/m.exec(showInfo)?.[1];
  const start = /^Start_time_sec: (\d+)$/m.exec(showInfo)?.[1];
  return pid && start ? `${pid}@${start}` : 'unknown';
}

/** One line of `show stat`: some hundred columns, of which few are ever asked for, and of many lines none. */
export class StatRow {
  private values: readonly string[] | null = null;

  constructor(
    private readonly columns: ReadonlyMap<string, number>,
    private readonly line: string,
  ) {}

  /** The first column: read without a look at the others. */
  get proxy(): string {
    return this.line.slice(0, this.line.indexOf(','));
  }

  text(column: string): string {
    this.values ??= this.line.split(',');
    return this.values[this.columns.get(column) ?? -1] ?? '';
  }

  number(column: string): number {
    return Number(this.text(column)) || 0;
  }
}

let lastColumns: { readonly header: string; readonly places: ReadonlyMap<string, number> } = { header: '', places: new Map() };

/** `show stat`, CSV with a header line, which is the same for every answer of a HAProxy. */
export function parseStat(answer: string): StatRow[] {
  const [header = '', ...lines] = answer.split('\n');
  if (header !== lastColumns.header) lastColumns = { header, places: new Map(header.replace(/^# /, '').split(',').map((name, index) => [name, index])) };
  const { places } = lastColumns;
  return lines.filter((line) => line.includes(',')).map((line) => new StatRow(places, line));
}

/** `show table` of the live WebSockets: `p0001s1` → how many are open. */
export function parseTunnels(answer: string): Map<string, number> {
  const tunnels = new Map<string, number>();
  for (const line of answer.split('\n')) {
    const match = /key=(\S+) .*conn_cur=(\d+)/.exec(line);
    if (match?.[1]) tunnels.set(match[1], Number(match[2]));
  }
  return tunnels;
}

/** Process ids of workers that an earlier reload left behind with connections still open (`show proc` of the master). */
export function parseOldWorkers(showProc: string): number[] {
  const old = showProc.split('# old workers')[1]?.split('\n#')[0] ?? '';
  return old
    .split('\n')
    .map((line) => /^(\d+)\s+worker/.exec(line)?.[1])
    .filter((pid) => pid !== undefined)
    .map(Number);
}
