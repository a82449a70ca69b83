import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CgroupUsage {
  /** Without the file cache that the kernel would give back at once. */
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly pids: number;
}

const root = '/sys/fs/cgroup';

/** Folder of each controller that holds a process, out of the text of /proc/<pid>/cgroup; the key '' is cgroup v2. */
export function cgroupFolders(procCgroup: string): Map<string, string> {
  const folders = new Map<string, string>();
  for (const line of procCgroup.trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === '') continue;
    for (const controller of controllers.split(',')) folders.set(controller, join(root, controllers === '' ? '' : controller, path));
  }
  return folders;
}

/** What the container of a process uses, read from the kernel's own files, for cgroup v1 and v2; null once it has ended. */
export async function cgroupUsage(pid: number): Promise<CgroupUsage | null> {
  try {
    const folders = cgroupFolders(await readFile(`/proc/${pid}/cgroup`, 'utf8'));
    const memory = folders.get('memory');
    return memory === undefined ? await usageV2(folders.get('') ?? root) : await usageV1(folders, memory);
  } catch {
    return null;
  }
}

async function usageV1(folders: ReadonlyMap<string, string>, memory: string): Promise<CgroupUsage> {
  const [usage, stat, cpu, pids] = await Promise.all([
    number(join(memory, 'memory.usage_in_bytes')),
    readFile(join(memory, 'memory.stat'), 'utf8'),
    number(join(folders.get('cpuacct') ?? '', 'cpuacct.usage')),
    number(join(folders.get('pids') ?? '', 'pids.current')),
  ]);
  return { memoryBytes: Math.max(0, usage - field(stat, 'total_inactive_file')), cpuSeconds: cpu / 1e9, pids };
}

async function usageV2(folder: string): Promise<CgroupUsage> {
  const [usage, stat, cpu, pids] = await Promise.all([
    number(join(folder, 'memory.current')),
    readFile(join(folder, 'memory.stat'), 'utf8'),
    readFile(join(folder, 'cpu.stat'), 'utf8'),
    number(join(folder, 'pids.current')),
  ]);
  return { memoryBytes: Math.max(0, usage - field(stat, 'inactive_file')), cpuSeconds: field(cpu, 'usage_usec') / 1e6, pids };
}

async function number(file: string): Promise<number> {
  return Number((await readFile(file, 'utf8')).trim());
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
