import { expect, it } from 'vitest';
import { cgroupFolders } from './cgroup-usage.js';

it('finds the folders of a container under cgroup v1, whatever driver named them', () => {
  const folders = cgroupFolders('12:memory:/docker/abc\n5:cpu,cpuacct:/system.slice/docker-abc.scope\n4:pids:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n');
  expect(folders.get('memory')).toBe('/sys/fs/cgroup/memory/docker/abc');
  expect(folders.get('cpuacct')).toBe('/sys/fs/cgroup/cpuacct/system.slice/docker-abc.scope');
  expect(folders.get('pids')).toBe('/sys/fs/cgroup/pids/docker/abc');
});

it('finds the one folder of a container under cgroup v2', () => {
  const folders = cgroupFolders('0::/system.slice/docker-abc.scope\n');
  expect(folders.get('')).toBe('/sys/fs/cgroup/system.slice/docker-abc.scope');
  expect(folders.has('memory')).toBe(false);
});
