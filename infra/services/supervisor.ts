import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { moloHome } from '../config.ts';
import { output, succeeds } from '../terminal/run.ts';

const folder = join(moloHome, 'services');
const place = (service: string) => join(folder, service);
const pollEveryMs = 100;
const stopSeconds = 30;
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ServiceState {
  readonly running: boolean;
  readonly pid: number | undefined;
  readonly seconds: number;
}

/** What runit says of a service; not running where it keeps none of that name. */
export async function serviceState(service: string): Promise<ServiceState> {
  const text = existsSync(join(place(service), 'supervise', 'ok')) ? await output('sv', ['status', place(service)]).catch(() => '') : '';
  const match = /^run: .*?: \(pid (\d+)\) (\d+)s/.exec(text);
  return { running: match !== null, pid: match ? Number(match[1]) : undefined, seconds: Number(match?.[2] ?? 0) };
}

/** Whether the service answers; its own check decides. */
export function serviceAnswers(service: string): Promise<boolean> {
  return succeeds('sh', ['-c', 'cd "$0" && exec ./check', place(service)]);
}

/**
 * Sees to it that one runsvdir keeps our services. It outlives the shell that starts it. After a kill -9 of runsvdir
 * its runsv processes go on; the new one takes over each as its old keeper ends.
 */
export async function ensureSupervisor(): Promise<void> {
  if (supervisorPid() !== undefined) return;
  // The last argument is where runsvdir shows its own messages: in its process title, which cannot grow.
  const child = spawn('runsvdir', ['-P', folder, `log: ${'.'.repeat(395)}`], { cwd: '/', detached: true, stdio: 'ignore', env: { PATH: searchPath, LANG: 'C.UTF-8' } });
  child.unref();
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
}

export function supervisorPid(): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const [program, flag, kept] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return program?.endsWith('runsvdir') && flag === '-P' && kept === folder;
    } catch {
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

/** Starts a service, or restarts it when it runs as something other than what it is to be. */
export async function bringUp(service: string, fingerprint: string): Promise<'started' | 'restarted' | 'kept'> {
  const applied = join(place(service), 'applied');
  await until(() => existsSync(join(place(service), 'supervise', 'ok')));
  rmSync(join(place(service), 'down'), { force: true });
  const { running } = await serviceState(service);
  const asWished = existsSync(applied) && readFileSync(applied, 'utf8') === fingerprint;
  if (running && asWished) return 'kept';
  if (running) await output('sv', ['-w', String(stopSeconds), 'force-stop', place(service)]).catch(() => undefined);
  writeFileSync(applied, fingerprint);
  await output('sv', ['up', place(service)]);
  return running ? 'restarted' : 'started';
}

/** Stops a service and keeps it down, also when its keeper is started anew. */
export async function takeDown(service: string): Promise<void> {
  if (existsSync(place(service))) writeFileSync(join(place(service), 'down'), '');
  // Also where it does not run just now: it may be about to be started again.
  if (existsSync(join(place(service), 'supervise', 'ok'))) await output('sv', ['-w', String(stopSeconds), 'force-stop', place(service)]).catch(() => undefined);
}

export async function removeService(service: string): Promise<void> {
  await takeDown(service);
  await output('sv', ['exit', place(service)]).catch(() => undefined);
  rmSync(place(service), { recursive: true, force: true });
}

/** Ends runsvdir first, so that it does not start again the keepers that are told to go. */
export async function endSupervisor(services: readonly string[]): Promise<void> {
  const pid = supervisorPid();
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  await until(() => supervisorPid() === undefined);
  for (const service of services) await output('sv', ['exit', place(service)]).catch(() => undefined);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`runit does not keep the services in ${folder}: is it installed whole?`);
    await pause(pollEveryMs);
  }
}

export function keptServices(): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
}
