import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

export interface Holder {
  readonly pid: number;
  readonly program: string;
}

/** Who listens on a TCP port of this machine; undefined for one whom only root may see. */
export async function holdersOf(port: number): Promise<(Holder | undefined)[]> {
  const sockets = new Set(await listeningSockets(port));
  if (sockets.size === 0) return [];
  const holders: Holder[] = [];
  const seen = new Set<string>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const own = (await socketsOf(pid)).filter((socket) => sockets.has(socket));
    for (const socket of own) seen.add(socket);
    if (own.length > 0) holders.push({ pid: Number(pid), program: await programOf(pid) });
  }
  return sockets.size > seen.size ? [...holders, undefined] : holders;
}

/** By its file: its main thread may have another name. */
async function programOf(pid: string): Promise<string> {
  return basename(await readlink(`/proc/${pid}/exe`).catch(() => 'a program'));
}

/** Whether a process is one of these or descends from one, as the workers of HAProxy do. */
export async function isWithin(pid: number, ancestors: readonly number[]): Promise<boolean> {
  for (let each = pid; each > 1; each = await parentOf(each)) {
    if (ancestors.includes(each)) return true;
  }
  return false;
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.replace(/^.*\) /s, '').split(' ')[1] ?? 0);
}

/** As /proc/net/tcp has it (proc(5)): the address and port in hexadecimal, the state (0A: listening), and the socket's inode. */
async function listeningSockets(port: number): Promise<string[]> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')));
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return rows.filter((row) => row[1]?.endsWith(`:${wanted}`) && row[3] === '0A').map((row) => `socket:[${row[9]}]`);
}

async function socketsOf(pid: string): Promise<string[]> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
}
