import { readdirSync, readFileSync } from 'node:fs';
import { serviceState } from '../services/supervisor.ts';

/** Ticks of /proc/PID/stat in a second (sysconf(_SC_CLK_TCK), 100 on Linux). */
const ticksPerSecond = 100;

export async function cpuSeconds(service: string): Promise<number> {
  return cpuSecondsOf(await pidOf(service));
}

export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Of all programs of a name that a process has started, itself or through others, and that still run. */
export function cpuSecondsOfStarted(pid: number, program: string): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => statOf(Number(name)) ?? []);
  const isStarted = (one: number): boolean => one === pid || processes.some((each) => each.pid === one && each.parent !== one && isStarted(each.parent));
  return processes.filter((each) => each.program === program && isStarted(each.pid)).reduce((sum, each) => sum + each.cpuSeconds, 0);
}

interface ProcessStat {
  readonly pid: number;
  readonly program: string;
  readonly parent: number;
  readonly cpuSeconds: number;
}

/** null for one that has ended meanwhile. */
function statOf(pid: number): ProcessStat | null {
  try {
    const [, program = '', rest = ''] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const fields = rest.split(' ');
    return { pid, program, parent: Number(fields[1]), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond };
  } catch {
    return null;
  }
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
