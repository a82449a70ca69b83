import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceState } from '../services/supervisor.ts';

/** Ticks of /proc/PID/stat in a second (sysconf(_SC_CLK_TCK), 100 on Linux). */
const ticksPerSecond = 100;

async function processFile(service: string, file: string): Promise<string> {
  const { pid } = await serviceState(service);
  return readFileSync(join('/proc', String(pid), file), 'utf8');
}

export async function cpuSeconds(service: string): Promise<number> {
  return secondsOf(await processFile(service, 'stat'));
}

export function cpuSecondsOf(pid: number): number {
  return secondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** Of all of the machine. */
export function machineCpuSeconds(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/ +/).map(Number);
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0)) / ticksPerSecond;
}

function secondsOf(stat: string): number {
  const fields = stat.replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export async function residentMegabytes(service: string): Promise<number> {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(await processFile(service, 'status')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
