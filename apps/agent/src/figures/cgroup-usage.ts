import { readFileSync } from 'node:fs';

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
    for (const controller of controllers.split(',')) folders.set(controller, controllers === '' ? `${root}${path}` : `${root}/${controller}${path}`);
  }
  return folders;
}

/**
 * What the container of a process uses, read from the kernel's own files, for cgroup v1 and v2; null once it has ended.
 * The kernel answers these at once, so they are read at once: a promise for each took ten times as long. Paths are put together
 * as they are: to normalize them took longer than to read the files.
 */
export function cgroupUsage(pid: number): CgroupUsage | null {
  try {
    const folders = cgroupFolders(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    const memory = folders.get('memory');
    return memory === undefined ? usageV2(folders.get('') ?? root) : usageV1(folders, memory);
  } catch {
    return null;
  }
}

function usageV1(folders: ReadonlyMap<string, string>, memory: string): CgroupUsage {
  const usage = number(`${memory}/memory.usage_in_bytes`);
  const stat = readFileSync(`${memory}/memory.stat`, 'utf8');
  const cpu = number(`${folders.get('cpuacct') ?? ''}/cpuacct.usage`);
  const pids = number(`${folders.get('pids') ?? ''}/pids.current`);
  return { memoryBytes: Math.max(0, usage - field(stat, 'total_inactive_file')), cpuSeconds: cpu / 1e9, pids };
}

function usageV2(folder: string): CgroupUsage {
  const usage = number(`${folder}/memory.current`);
  const stat = readFileSync(`${folder}/memory.stat`, 'utf8');
  const cpu = readFileSync(`${folder}/cpu.stat`, 'utf8');
  const pids = number(`${folder}/pids.current`);
  return { memoryBytes: Math.max(0, usage - field(stat, 'inactive_file')), cpuSeconds: field(cpu, 'usage_usec') / 1e6, pids };
}

function number(file: string): number {
  return Number(readFileSync(file, 'utf8').trim());
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
