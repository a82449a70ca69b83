import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export interface Limits {
  readonly memoryBytes: number;
  readonly cpus: number;
}

const periodMicroseconds = 100_000;
/** Processes and threads of all builds together: a fork without end stops here, while `ps` still answers. */
export const mostProcesses = Math.max(1024, 512 * availableParallelism());
/** An eighth of what each instance has, out of the kernel's usual 1024 (v1) and 100 (v2): with all CPUs busy, instances come first. */
const cpuShares = 128;
const cpuWeight = 12;

/**
 * Limits for all builds together. The engine's BuildKit puts every step below the cgroup `docker/buildkit`, whatever a
 * build asks for (tried on Docker 20.10, cgroup v1), so that parent carries them.
 */
export class BuildLimits {
  constructor(private readonly root = '/sys/fs/cgroup') {}

  /** Returns false where cgroups cannot be written: an agent that is not root. */
  async apply(limits: Limits): Promise<boolean> {
    try {
      if (this.isUnified) await this.applyUnified(limits);
      else await this.applyDivided(limits);
      return true;
    } catch (error) {
      if (['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }

  private get isUnified(): boolean {
    return existsSync(join(this.root, 'cgroup.controllers'));
  }

  private get memoryFolder(): string {
    return this.isUnified ? join(this.root, 'docker/buildkit') : join(this.root, 'memory/docker/buildkit');
  }

  private async applyUnified({ memoryBytes, cpus }: Limits): Promise<void> {
    const folder = this.memoryFolder;
    await mkdir(folder, { recursive: true });
    for (const parent of [this.root, join(this.root, 'docker')]) await writeFile(join(parent, 'cgroup.subtree_control'), '+memory +cpu +pids');
    await writeFile(join(folder, 'memory.max'), String(memoryBytes));
    await writeFile(join(folder, 'memory.swap.max'), '0').catch(() => undefined);
    await writeFile(join(folder, 'pids.max'), String(mostProcesses));
    await writeFile(join(folder, 'cpu.weight'), String(cpuWeight));
    await writeFile(join(folder, 'cpu.max'), `${Math.round(cpus * periodMicroseconds)} ${periodMicroseconds}`);
  }

  private async applyDivided({ memoryBytes, cpus }: Limits): Promise<void> {
    const cpu = join(this.root, 'cpu/docker/buildkit');
    const pids = join(this.root, 'pids/docker/buildkit');
    await mkdir(pids, { recursive: true });
    await writeFile(join(pids, 'pids.max'), String(mostProcesses));
    await mkdir(this.memoryFolder, { recursive: true });
    await mkdir(cpu, { recursive: true });
    await this.limitMemory(String(memoryBytes));
    await writeFile(join(cpu, 'cpu.shares'), String(cpuShares));
    await writeFile(join(cpu, 'cpu.cfs_period_us'), String(periodMicroseconds));
    await writeFile(join(cpu, 'cpu.cfs_quota_us'), String(Math.round(cpus * periodMicroseconds)));
  }

  /** Memory alone may not be above memory and swap together: raised in one order, lowered in the other. */
  private async limitMemory(bytes: string): Promise<void> {
    const memory = join(this.memoryFolder, 'memory.limit_in_bytes');
    const withSwap = join(this.memoryFolder, 'memory.memsw.limit_in_bytes');
    await writeFile(memory, bytes).catch(() => undefined);
    if (existsSync(withSwap)) await writeFile(withSwap, bytes);
    await writeFile(memory, bytes);
  }
}
