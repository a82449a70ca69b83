import { readdirSync, readFileSync } from 'node:fs';
import { serviceState } from '../services/supervisor.ts';

/** Ticks of /proc/PID/stat in a second (sysconf(_SC_CLK_TCK), 100 on Linux). */
const ticksPerSecond = 100;

export async function cpuSeconds(service: string): Promise<number> {
  return cpuSecondsOf(await pidOf(service));
}

export function cpuSecondsOf(pid: number): number {
  const stat = statOf(pid);
  if (stat === null) throw new Error(`process ${pid} has ended`);
  return stat.cpuSeconds;
}

/** Of all programs of a name that a process has started, itself or through others, and that still run. */
export function cpuSecondsOfStarted(pid: number, program: string): number {
  const processes = runningProcesses();
  const isStarted = (one: number): boolean => one === pid || processes.some((each) => each.pid === one && each.parent !== one && isStarted(each.parent));
  return sumOf(processes.filter((each) => each.program === program && isStarted(each.pid)));
}

/** With its children, also those that have ended: PostgreSQL has one for each connection. */
export async function cpuSecondsWithChildren(service: string): Promise<number> {
  const pid = await pidOf(service);
  return sumOf(runningProcesses().filter(({ parent }) => parent === pid)) + cpuSecondsOf(pid) + (statOf(pid)?.endedCpuSeconds ?? 0);
}

interface ProcessStat {
  readonly pid: number;
  readonly program: string;
  readonly parent: number;
  readonly cpuSeconds: number;
  /** Of its children that have ended. */
  readonly endedCpuSeconds: number;
}

function runningProcesses(): ProcessStat[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => statOf(Number(name)) ?? []);
}

/** null for one that has ended meanwhile. */
function statOf(pid: number): ProcessStat | null {
  try {
    // The name may hold anything, brackets and spaces too.
    const [, program = '', rest = ''] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const fields = rest.split(' ').map(Number);
    const seconds = (from: number) => ((fields[from] ?? 0) + (fields[from + 1] ?? 0)) / ticksPerSecond;
    return { pid, program, parent: fields[1] ?? 0, cpuSeconds: seconds(11), endedCpuSeconds: seconds(13) };
  } catch {
    return null;
  }
}

function sumOf(processes: readonly ProcessStat[]): number {
  return processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

/** Of all of the machine. */
export function machineCpuSeconds(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/ +/).map(Number);
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0)) / ticksPerSecond;
}

export async function residentMegabytes(service: string): Promise<number> {
  return residentBytesOf(await pidOf(service)) / 1e6;
}

export function residentBytesOf(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

async function pidOf(service: string): Promise<number> {
  const { pid } = await serviceState(service);
  if (pid === undefined) throw new Error(`${service} does not run`);
  return pid;
}
