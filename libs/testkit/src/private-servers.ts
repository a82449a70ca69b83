import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, openSync, closeSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { waitFor } from './wait-for.js';

export interface PrivateServer {
  readonly url: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
/** Data that the run throws away needs no fsync; tests open many small databases at once. */
const postgresSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300', shared_buffers: '64MB', listen_addresses: '127.0.0.1', autovacuum: 'off' };

/** A PostgreSQL of the machine's own package, in a temporary folder, on a free loopback port. */
export async function startPostgres(): Promise<PrivateServer> {
  const folder = mkdtempSync(join(tmpdir(), 'molo-test-postgres-'));
  const owner = unprivilegedUser();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const programs = postgresPrograms();
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'molo', '-A', 'trust', '-E', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'], { ...owner, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  const settings = Object.entries({ ...postgresSettings, port: String(port), unix_socket_directories: folder }).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const url = `postgres://molo@127.0.0.1:${port}/postgres`;
  // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
  return keep(spawnLogged(join(programs, 'postgres'), ['-D', data, ...settings], folder, owner), { folder, url, signal: 'SIGINT', ready: () => answersQuery(url) });
}

/** A Redis of the machine's own package that keeps nothing on disk, on a free loopback port. */
export async function startRedis(): Promise<PrivateServer> {
  const folder = mkdtempSync(join(tmpdir(), 'molo-test-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--dir', folder];
  return keep(spawnLogged('redis-server', args, folder), { folder, url: `redis://127.0.0.1:${port}`, signal: 'SIGTERM', ready: () => accepts(port) });
}

interface Kept {
  readonly folder: string;
  readonly url: string;
  readonly signal: NodeJS.Signals;
  readonly ready: () => Promise<boolean>;
}

/** Returns once the server answers. One that ends before, or does not answer in time, leaves nothing behind. */
async function keep(child: ChildProcess, { folder, url, signal, ready }: Kept): Promise<PrivateServer> {
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill(signal);
    // A program that is not there never began.
    await ended.catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  const early = ended.then(() => {
    throw new Error(`${child.spawnfile} ended with exit code ${child.exitCode}:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`);
  });
  try {
    await Promise.race([early, waitFor(ready, { timeoutMs: startTimeoutMs, what: `${child.spawnfile} to answer` })]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

function spawnLogged(program: string, args: string[], folder: string, owner?: { uid: number; gid: number }): ChildProcess {
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn(program, args, { ...owner, cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

function postgresPrograms(): string {
  const root = '/usr/lib/postgresql';
  const newest = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a))[0] : undefined;
  if (!newest) throw new Error('PostgreSQL is not installed: install the Debian package postgresql, or set MOLO_TEST_DATABASE_URL');
  return join(root, newest, 'bin');
}

async function answersQuery(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** A port of loopback that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
