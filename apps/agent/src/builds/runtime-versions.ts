import { AppError } from '@molo/contracts';
import semver from 'semver';
import type { RuntimeVersions } from '../source/app-plan.js';
import type { NpmRegistry, Packument } from './npm-registry.js';

export function nodePackage(arch: string): string {
  return `node-linux-${arch}`;
}

/** The package of the npm registry that holds a package manager. */
export function packageManagerPackage(name: 'pnpm' | 'yarn', version: string): string {
  return name === 'yarn' && !version.startsWith('1.') ? '@yarnpkg/cli-dist' : name;
}

/** Finds versions of languages among those that the npm registry has. */
export class NpmRuntimeVersions implements RuntimeVersions {
  constructor(
    private readonly registry: NpmRegistry,
    private readonly arch: string,
  ) {}

  async node(range: string | undefined, askedBy: string): Promise<string> {
    return this.newest(nodePackage(this.arch), 'Node', askedBy, (packument) => {
      const versions = stable(packument);
      return range === undefined ? newestLongTerm(versions, packument.time ?? {}) : semver.maxSatisfying(versions, range);
    }, range ?? 'with long-term support');
  }

  async packageManager(name: 'pnpm' | 'yarn', range: string, askedBy: string): Promise<string> {
    const wanted = semver.minVersion(range)?.version ?? '1.0.0';
    return this.newest(packageManagerPackage(name, wanted), name, askedBy, (packument) => semver.maxSatisfying(stable(packument), range), range);
  }

  private async newest(packageName: string, title: string, askedBy: string, choose: (packument: Packument) => string | null, wanted: string): Promise<string> {
    const found = choose(await this.registry.packument(packageName));
    if (found) return found;
    const packument = await this.registry.newestPackument(packageName);
    const later = choose(packument);
    if (later) return later;
    throw new AppError('runtime_version_unknown', {
      detail: `There is no ${title} ${wanted}, which ${askedBy} asks for. ${offered(stable(packument), wanted, title)}`,
    });
  }
}

function stable(packument: Packument): string[] {
  return Object.keys(packument.versions).filter((version) => semver.valid(version) && !semver.prerelease(version));
}

/** Since Node 27 every major version gets long-term support, before that the even ones; each in the October after its first release. */
export function newestLongTerm(versions: readonly string[], time: Readonly<Record<string, string>>, now = new Date()): string | null {
  const majors = [...new Set(versions.map((version) => semver.major(version)))].toSorted((a, b) => b - a);
  const supported = majors.find((major) => (major >= 27 || major % 2 === 0) && isLongTerm(time[`${major}.0.0`], now));
  return supported === undefined ? null : semver.maxSatisfying([...versions], `${supported}.x`);
}

function isLongTerm(firstRelease: string | undefined, now: Date): boolean {
  if (firstRelease === undefined) return false;
  return now >= new Date(Date.UTC(new Date(firstRelease).getUTCFullYear(), 9, 29));
}

/** Names the versions nearest to what was asked for. */
function offered(versions: readonly string[], wanted: string, title: string): string {
  const majors = [...new Set(versions.map((version) => semver.major(version)))].toSorted((a, b) => a - b);
  const asked = semver.coerce(wanted);
  const inMajor = asked ? semver.rsort(versions.filter((version) => semver.major(version) === asked.major)).slice(0, 3) : [];
  if (inMajor.length > 0) return `The newest of ${title} ${asked?.major} are ${inMajor.join(', ')}.`;
  const near = majors.toSorted((a, b) => Math.abs(a - (asked?.major ?? a)) - Math.abs(b - (asked?.major ?? b))).slice(0, 4).toSorted((a, b) => a - b);
  const newest = near.map((major) => semver.maxSatisfying([...versions], `${major}.x`)).filter((version) => version !== null);
  return `The nearest are ${newest.join(', ')}.`;
}
