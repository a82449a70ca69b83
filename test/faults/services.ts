import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '@molo/testkit';
import { command, setting } from '../e2e/platform.js';

export const killedServices = ['control-plane', 'agent', 'redis', 'postgres', 'registry', 'haproxy', 'dockerd'] as const;
export type KilledService = (typeof killedServices)[number];

/** What runit may take to start a program again, and the program to answer: PostgreSQL recovers, an engine finds its containers. */
const returnMs = 60_000;

/** Process id of a service. The engine may be kept by another platform of this machine, which shares it. */
export async function pidOf(service: KilledService): Promise<number> {
  const file = service === 'dockerd' ? '/var/run/docker.pid' : join(setting('MOLO_HOME'), 'services', service, 'supervise/pid');
  return Number((await readFile(file, 'utf8')).trim());
}

/** kill -9 of the program; resolves when another of its kind runs and answers. */
export async function kill9(service: KilledService): Promise<void> {
  const pid = await pidOf(service);
  process.kill(pid, 'SIGKILL');
  await waitFor(async () => (await pidOf(service)) !== pid && (await pidOf(service)) > 0 && (await answers(service)), { timeoutMs: returnMs, what: `${service} to come back` });
}

const folderOf = (service: KilledService) => join(setting('MOLO_HOME'), 'services', service);

/** Down until `startService`: its keeper leaves it so. */
export async function stopService(service: KilledService): Promise<void> {
  await command('sv', ['-w', '30', 'force-stop', folderOf(service)]);
}

export async function startService(service: KilledService): Promise<void> {
  await command('sv', ['up', folderOf(service)]);
  await waitFor(() => answers(service), { timeoutMs: returnMs, what: `${service} to answer` });
}

/** SIGSTOP, and SIGCONT when the time is over; resolves when it answers again. */
export async function freeze(service: KilledService, forMs: number): Promise<void> {
  const pid = await pidOf(service);
  process.kill(pid, 'SIGSTOP');
  try {
    await pause(forMs);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await waitFor(() => answers(service), { timeoutMs: returnMs, what: `${service} to answer once it is woken` });
}

/** @returns what Redis answers to a request */
export async function redis(...request: string[]): Promise<string> {
  const password = (await readFile(join(setting('MOLO_HOME'), 'secrets/redis.password'), 'utf8')).trim();
  const { stdout } = await command('redis-cli', ['-p', setting('MOLO_REDIS_PORT'), ...request], { env: { REDISCLI_AUTH: password } });
  return stdout.trim();
}

export async function answers(service: KilledService): Promise<boolean> {
  if (service === 'dockerd') return (await command('docker', ['version', '--format', '{{.Server.Version}}'])).code === 0;
  return (await command('sh', ['-c', 'cd "$0" && exec ./check', folderOf(service)])).code === 0;
}

/** An engine without live-restore takes its containers with it, and one that nobody keeps does not come back. */
export async function engineMayBeKilled(): Promise<boolean> {
  const { stdout } = await command('docker', ['info', '--format', '{{.LiveRestoreEnabled}}']);
  const pid = await pidOf('dockerd').catch(() => 0);
  if (stdout.trim() !== 'true' || !(pid > 0)) return false;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
  return (await readFile(`/proc/${parent}/comm`, 'utf8')).trim() === 'runsv';
}

/** All that runs for the platform, and no containers: keepers before what they keep, and that before what it started. */
export async function processesOfHome(): Promise<number[]> {
  const running = (await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(describeProcess))).filter((found) => found !== null);
  const own = running.filter(({ isOwn, pid }) => isOwn && pid !== process.pid);
  // PostgreSQL's servers write their titles over what would tell whose they are.
  const started = running.filter(({ isOwn, parent }) => !isOwn && own.some(({ pid }) => pid === parent));
  return [...own.toSorted((a, b) => Number(b.isKeeper) - Number(a.isKeeper)), ...started].map(({ pid }) => pid);
}

interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly isOwn: boolean;
  readonly isKeeper: boolean;
}

async function describeProcess(name: string): Promise<RunningProcess | null> {
  const home = setting('MOLO_HOME');
  try {
    if ((await readlink(`/proc/${name}/ns/pid`)) !== (await readlink('/proc/self/ns/pid'))) return null;
    const commandLine = (await readFile(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const environment = (await readFile(`/proc/${name}/environ`, 'utf8')).split('\0');
    const parent = Number(/^PPid:\s+(\d+)/m.exec(await readFile(`/proc/${name}/status`, 'utf8'))?.[1]);
    return { pid: Number(name), parent, isOwn: commandLine.includes(home) || environment.includes(`MOLO_HOME=${home}`), isKeeper: /^(runsvdir|runsv|svlogd) /.test(commandLine) };
  } catch {
    // It has ended.
    return null;
  }
}
