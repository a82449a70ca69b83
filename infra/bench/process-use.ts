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
  const fields = (await processFile(service, 'stat')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export async function residentMegabytes(service: string): Promise<number> {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(await processFile(service, 'status')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
