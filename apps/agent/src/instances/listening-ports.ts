import { readFile } from 'node:fs/promises';

export interface Listener {
  readonly port: number;
  /** Reachable from inside the container alone. */
  readonly loopback: boolean;
}

const listening = '0A';

/** What listens on TCP in the network of a process, or null where that cannot be seen. */
export async function listenersOf(pid: number): Promise<Listener[] | null> {
  try {
    const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8')));
    return tables.flatMap(parseListeners);
  } catch {
    return null;
  }
}

/** Reads the text of /proc/net/tcp or tcp6. The engine's own name server, on 127.0.0.11, is left out. */
export function parseListeners(table: string): Listener[] {
  const rows = table.trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  return rows.flatMap((row) => {
    const [address = '', port = ''] = (row[1] ?? '').split(':');
    if (row[3] !== listening || address === '0B00007F') return [];
    return [{ port: Number.parseInt(port, 16), loopback: isLoopback(address) }];
  });
}

/** Addresses stand in 32-bit groups of the machine's byte order. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return address === '00000000000000000000000001000000' || (address.startsWith('0000000000000000FFFF0000') && address.endsWith('7F'));
}
