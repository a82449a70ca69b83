import { readFileSync } from 'node:fs';
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
