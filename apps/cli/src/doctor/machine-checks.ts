import type { StatsFs } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { memory } from '../terminal/measures.js';
import { type Check, type Finding, ok, problem, warning } from './check.js';
import { engineOf } from './engine-checks.js';
import { diskFinding, worst } from './fullness.js';
import type { Machine } from './machine.js';

const littleMemory = 0.1;
const noMemory = 0.03;

/** Disk, memory and the kernel. */
export function machineChecks(machine: Machine): Check[] {
  return [
    { name: 'disk of Molo', run: () => checkDisk(machine.home, `See what is large: du -xh -d 2 ${machine.home} | sort -h | tail. Let fewer releases be kept: MOLO_KEEP_RELEASES=… npm start`) },
    { name: 'disk of Docker', run: async () => checkDisk((await engineOf(machine)).DockerRootDir, 'See what is large: docker system df. Molo collects its own images by itself; remove what is not its own, or enlarge the disk.') },
    { name: 'memory', run: async () => checkMemory(await readFile('/proc/meminfo', 'utf8')) },
    { name: 'IP forwarding', run: async () => checkForwarding((await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim()) },
  ];
}

async function checkDisk(folder: string, advice: string): Promise<Finding> {
  return diskOf(folder, await statfs(folder), advice);
}

type Room = Pick<StatsFs, 'blocks' | 'bfree' | 'bavail' | 'files' | 'ffree'>;

/** Of what others than root may use, as df counts; files can run out before bytes do. */
export function diskOf(folder: string, { blocks, bfree, bavail, files, ffree }: Room, advice: string): Finding {
  const bytes = diskFinding(`the disk of ${folder}`, share(blocks - bfree, bavail), advice);
  const names = diskFinding(`the table of files on the disk of ${folder}`, share(files - ffree, ffree), advice);
  return names.status === 'ok' ? bytes : worst([bytes, names]);
}

/** Some file systems count no files. */
function share(used: number, free: number): number {
  return used + free === 0 ? 0 : used / (used + free);
}

export function checkMemory(meminfo: string): Finding {
  const bytesOf = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? Number.NaN) * 1024;
  const [total, available] = [bytesOf('MemTotal'), bytesOf('MemAvailable')];
  const found = `${memory(available)} of ${memory(total)} available`;
  const advice = 'molo nodes and molo ps show who uses it; scale down, set limits in molo.yml, or add memory.';
  if (available < total * noMemory) return problem(found, advice);
  return available < total * littleMemory ? warning(found, advice) : ok(found);
}

export function checkForwarding(value: string): Finding {
  if (value === '1') return ok('on');
  return problem('off: instances and builds reach nothing outside of this machine', 'sysctl -w net.ipv4.ip_forward=1; to keep it so: echo net.ipv4.ip_forward=1 > /etc/sysctl.d/60-molo.conf');
}
