import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, nodeProgram, npmCommand } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';
import { runLogged } from '../terminal/run.ts';
import { makeFolder, writeAtomically } from './files.ts';

const stampFolder = join(checkout, '.molo');
const builtFolders = ['apps', 'libs'];
const builtFiles = ['package.json', 'package-lock.json', 'nx.json', 'tsconfig.json', 'tsconfig.base.json'];
const derived = new Set(['node_modules', 'dist', '.next', '.nx', 'out']);
/** What has to be there for a build to count as done. */
const products = ['apps/control-plane/dist/main.js', 'apps/agent/dist/main.js', 'apps/cli/dist/main.js', 'apps/dashboard/.next/BUILD_ID'];

/** npm packages as the lock file has them; nothing is done where they are. */
export async function installDependencies(log: string): Promise<string> {
  if (dependenciesAreThere()) return 'all there';
  const [npm = 'npm', ...first] = npmCommand;
  // Not `npm ci`: it refuses a lock file without the optional packages of platforms that are not ours, and a registry
  // that mirrors Linux alone cannot lock them. Versions and checksums come from the lock file all the same.
  // No package here needs its install script: what is compiled comes ready-made for the platform.
  await runLogged(npm, [...first, 'install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: checkout,
    log,
    advice: 'Look into the log for what npm says; check that the npm registry can be reached, then run the same command again.',
  });
  return 'installed';
}

interface LockedPackage {
  readonly version?: string;
  readonly optional?: boolean;
}

/** npm keeps a lock file of what it really installed, which lacks only optional packages of other platforms. */
function dependenciesAreThere(): boolean {
  const installed = join(checkout, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const packages = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> }).packages;
  const there = packages(installed);
  return Object.entries(packages(join(checkout, 'package-lock.json'))).every(([path, wanted]) => path === '' || wanted.optional === true || there[path]?.version === wanted.version);
}

/** Compiles the apps and the dashboard; nothing is done where no source has changed since. Returns a mark of the build. */
export async function build(log: string): Promise<{ outcome: string; mark: string }> {
  const wanted = sourceMark();
  if (stamp('build') === wanted && missingProducts().length === 0) return { outcome: 'up to date', mark: wanted };
  await runLogged(nodeProgram, [join(checkout, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build', '--outputStyle=static'], {
    cwd: checkout,
    env: { NX_DAEMON: 'false', NX_TUI: 'false', NX_NO_CLOUD: 'true', NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined, FORCE_COLOR: '0' },
    log,
    advice: 'The log has the message of the compiler. In an unchanged checkout, build it anew: rm -rf .molo/build.stamp .nx apps/dashboard/.next node_modules && npm run setup',
  });
  if (missingProducts().length > 0) throw new StepFailed(`the build made no ${missingProducts().join(', ')}`, { log, advice: 'Build it anew: rm -rf .molo/build.stamp .nx apps/dashboard/.next && npm run setup' });
  setStamp('build', wanted);
  return { outcome: 'built', mark: wanted };
}

function missingProducts(): string[] {
  return products.filter((path) => !existsSync(join(checkout, path)));
}

/** Content of every source file that the apps are built from, and the version of Node: the same mark, the same build. */
function sourceMark(): string {
  const files = [...builtFiles.map((name) => join(checkout, name)), ...builtFolders.flatMap((name) => sources(join(checkout, name)))];
  return digest([process.version, ...files.filter((path) => existsSync(path)).flatMap((path) => [path.slice(checkout.length), readFileSync(path)])]);
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !derived.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? sources(join(folder, entry.name)) : entry.isFile() && !isTest(entry.name) ? [join(folder, entry.name)] : []))
    .toSorted();
}

function isTest(name: string): boolean {
  return /\.spec\.tsx?$/.test(name) || name === 'next-env.d.ts';
}

function digest(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(String(part.length)).update(part);
  return hash.digest('hex');
}

function stamp(name: string): string {
  const path = join(stampFolder, `${name}.stamp`);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function setStamp(name: string, value: string): void {
  makeFolder(stampFolder);
  writeAtomically(join(stampFolder, `${name}.stamp`), value);
}
