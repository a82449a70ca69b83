import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

export interface MachineUsage {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryUsedBytes: number;
  /** What ordinary users may fill, as `df` has it. */
  readonly diskBytes: number;
  readonly diskUsedBytes: number;
}

/** What this machine has and uses; the disk is that of the folder. */
export async function machineUsage(folder: string): Promise<MachineUsage> {
  const [meminfo, disk] = await Promise.all([readFile('/proc/meminfo', 'utf8'), statfs(folder)]);
  const total = kilobytes(meminfo, 'MemTotal');
  const used = disk.blocks - disk.bfree;
  return {
    cpus: availableParallelism(),
    memoryBytes: total,
    memoryUsedBytes: total - kilobytes(meminfo, 'MemAvailable'),
    diskBytes: (used + disk.bavail) * disk.bsize,
    diskUsedBytes: used * disk.bsize,
  };
}

function kilobytes(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
}
