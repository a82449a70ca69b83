import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildLimits, mostProcesses } from './build-limits.js';

const limits = { memoryBytes: 2 * 1024 ** 3, cpus: 1.5 };
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'molo-cgroups-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = (path: string) => readFile(join(root, path), 'utf8');

describe('the cgroup of all builds', () => {
  it('bounds memory and swap, processes and CPU under cgroup v1, and lets instances go first', async () => {
    await mkdir(join(root, 'memory/docker/buildkit'), { recursive: true });
    await writeFile(join(root, 'memory/docker/buildkit/memory.memsw.limit_in_bytes'), '');
    expect(await new BuildLimits(root).apply(limits)).toBe(true);
    expect(await read('memory/docker/buildkit/memory.limit_in_bytes')).toBe(String(limits.memoryBytes));
    expect(await read('memory/docker/buildkit/memory.memsw.limit_in_bytes')).toBe(String(limits.memoryBytes));
    expect(await read('pids/docker/buildkit/pids.max')).toBe(String(mostProcesses));
    expect(Number(await read('cpu/docker/buildkit/cpu.cfs_quota_us')) / Number(await read('cpu/docker/buildkit/cpu.cfs_period_us'))).toBe(1.5);
    expect(Number(await read('cpu/docker/buildkit/cpu.shares'))).toBeLessThan(1024);
  });

  it('does the same under cgroup v2', async () => {
    await writeFile(join(root, 'cgroup.controllers'), 'cpu memory pids');
    expect(await new BuildLimits(root).apply(limits)).toBe(true);
    const folder = 'docker/buildkit';
    expect([await read(`${folder}/memory.max`), await read(`${folder}/memory.swap.max`), await read(`${folder}/pids.max`), await read(`${folder}/cpu.max`)]).toEqual([String(limits.memoryBytes), '0', String(mostProcesses), '150000 100000']);
    expect(Number(await read(`${folder}/cpu.weight`))).toBeLessThan(100);
  });

  it('is not there for an agent that may not write it, which is no failure of a build', async () => {
    // Nobody makes a folder there, not even root.
    await expect(new BuildLimits('/sys/kernel').apply(limits)).resolves.toBe(false);
  });
});
