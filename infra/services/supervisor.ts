import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { moloHome } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';
import { output, succeeds } from '../terminal/run.ts';
import { supervisorArguments, supervisorEnvironment } from './keeper.ts';
import { hasUnit, stopScript, unitName } from './unit.ts';

const folder = join(moloHome, 'services');
const place = (service: string) => join(folder, service);
const pollEveryMs = 100;
const stopSeconds = 30;

export interface ServiceState {
  readonly running: boolean;
  readonly pid: number | undefined;
  readonly seconds: number;
}

/** What runit says of a service; not running where it keeps none of that name. */
export async function serviceState(service: string): Promise<ServiceState> {
  const text = isSupervised(service) ? await output('sv', ['status', place(service)]).catch(() => '') : '';
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
  if (hasUnit()) return void (await output('systemctl', ['start', unitName]));
  const child = spawn('runsvdir', supervisorArguments(folder), { cwd: '/', detached: true, stdio: 'ignore', env: supervisorEnvironment });
  child.unref();
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
}

/**
 * Lets the unit's runsvdir take the place of the one that we started. Programs go on: HAProxy and an engine of our own under
 * the keepers that they have, until the machine's next start; those that apps can do without are started anew within the unit.
 */
export async function handToUnit(): Promise<void> {
  const pid = supervisorPid();
  if (pid !== undefined && !(await succeeds('systemctl', ['is-active', '--quiet', unitName]))) {
    // This service would start runsvdir again.
    await takeDown('supervisor');
    process.kill(pid, 'SIGTERM');
    await until(() => supervisorPid() === undefined);
    await succeeds('sh', ['-c', stopScript(folder)]);
    rmSync(join(place('supervisor'), 'down'), { force: true });
  }
  await output('systemctl', ['start', unitName]);
}

export function supervisorPid(): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const [program, flag, kept] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      // Processes inside containers are seen here too; they are not ours.
      return program?.endsWith('runsvdir') && flag === '-P' && kept === folder && readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
    } catch {
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

/** runsv holds this pipe open; without a reader of it nobody keeps the service, whatever its other files say. */
function isSupervised(service: string): boolean {
  try {
    closeSync(openSync(join(place(service), 'supervise', 'ok'), constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a service, or restarts it when it runs as something other than what it is to be. One that must not be
 * interrupted goes on as it is, and takes up the change at its next start.
 */
export async function bringUp(service: string, { fingerprint, interruptible }: { fingerprint: string; interruptible: boolean }): Promise<'started' | 'restarted' | 'kept'> {
  const applied = join(place(service), 'applied');
  await until(() => isSupervised(service));
  rmSync(join(place(service), 'down'), { force: true });
  const { running } = await serviceState(service);
  const asWished = !interruptible || (existsSync(applied) && readFileSync(applied, 'utf8') === fingerprint);
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
  if (isSupervised(service)) await output('sv', ['-w', String(stopSeconds), 'force-stop', place(service)]).catch(() => undefined);
  await endLeftover(service);
}

/** A program whose keeper was killed runs on alone; its run script has noted its process id and start time. */
async function endLeftover(service: string): Promise<void> {
  const note = join(moloHome, 'run/pids', service);
  const [pid = '', started = ''] = existsSync(note) ? readFileSync(note, 'utf8').trim().split(' ') : [];
  const runs = () => pid !== '' && startOf(pid) === started;
  if (!runs()) return;
  process.kill(Number(pid), service === 'postgres' ? 'SIGINT' : 'SIGTERM');
  await until(() => !runs()).catch(() => process.kill(Number(pid), 'SIGKILL'));
}

/** Field 22 of /proc/PID/stat: with the process id it names a process for good. Undefined for one that has ended. */
function startOf(pid: string): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return /[ZX]/.test(fields[0] ?? '') ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export async function removeService(service: string): Promise<void> {
  await takeDown(service);
  await output('sv', ['exit', place(service)]).catch(() => undefined);
  rmSync(place(service), { recursive: true, force: true });
}

/** Ends runsvdir first, so that it does not start again the keepers that are told to go. */
export async function endSupervisor(services: readonly string[]): Promise<void> {
  const pid = supervisorPid();
  if (pid !== undefined && hasUnit()) await output('systemctl', ['stop', unitName]);
  else if (pid !== undefined) process.kill(pid, 'SIGTERM');
  await until(() => supervisorPid() === undefined);
  for (const service of services) await output('sv', ['exit', place(service)]).catch(() => undefined);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new StepFailed(`runit does not do as it is told with ${folder}`, { advice: `See what it keeps: sv status ${folder}/*. With systemd: journalctl -u molo. Then run the same command again.` });
    await pause(pollEveryMs);
  }
}

export function keptServices(): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
}
