import { accessSync, constants, existsSync, readFileSync, readdirSync, rmSync, writeFileSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';
import { runLogged } from '../terminal/run.ts';
import { operatingSystem } from './operating-system.ts';

/** A Debian package and a program of it: where the program is, the package is not asked for. */
interface Package {
  readonly name: string;
  readonly present: () => boolean;
}

const program = (name: string) => programPath(name) !== undefined;

const platformPackages: readonly Package[] = [
  { name: 'runit', present: () => program('runsvdir') && program('chpst') },
  { name: 'haproxy', present: () => program('haproxy') },
  { name: 'docker-registry', present: () => program('docker-registry') },
  { name: 'git', present: () => program('git') },
  { name: 'openssh-client', present: () => program('ssh-keygen') },
  { name: 'openssl', present: () => program('openssl') },
  { name: 'ca-certificates', present: () => existsSync('/etc/ssl/certs/ca-certificates.crt') },
  { name: 'mmdebstrap', present: () => program('mmdebstrap') },
];
const postgres: Package = { name: 'postgresql', present: () => existsSync('/usr/lib/postgresql') };
const redis: Package = { name: 'redis-server', present: () => program('redis-server') };
const engine: readonly Package[] = [
  { name: 'docker.io', present: () => program('dockerd') },
  { name: 'iptables', present: () => program('iptables') },
];
const testPackages: readonly Package[] = [
  { name: 'chromium', present: () => program('chromium') },
  { name: 'skopeo', present: () => program('skopeo') },
  { name: 'curl', present: () => program('curl') },
  { name: 'zsh', present: () => program('zsh') },
  { name: 'fish', present: () => program('fish') },
  { name: dockerClient(), present: () => program('docker') },
];

const oldestDebian = 12;

/** Debian 12 has the client in the engine's own package; later ones have not. */
function dockerClient(): string {
  const { version = Infinity } = operatingSystem();
  return version > 12 ? 'docker-cli' : 'docker.io';
}

const benchPackages: readonly Package[] = [
  { name: 'openssh-server', present: () => program('sshd') },
  { name: 'wrk', present: () => program('wrk') },
];

export interface Needs {
  readonly postgres: boolean;
  readonly redis: boolean;
  readonly engine: boolean;
  readonly tests: boolean;
  readonly bench?: boolean;
}

/** Installs what is missing; returns a line for people. The machine's own instances are neither made nor started. */
export async function installPackages(needs: Needs, log: string): Promise<string> {
  const missing = missingPackages(needs);
  if (missing.length === 0) return 'all there';
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Options::=--force-confold', ...missing];
  const { name, id, version = oldestDebian } = operatingSystem();
  if (id !== 'debian' || version < oldestDebian) throw new StepFailed(`these Debian packages are missing: ${missing.join(' ')}`, { advice: `Molo sets itself up on Debian 12 and later. This is ${name}: install their counterparts yourself, in versions as new as Debian 12's, then run the same command again.` });
  if (!isRoot) throw new StepFailed(`Debian packages are missing: ${missing.join(' ')}`, { advice: `Run as root: apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}` });
  const env = { DEBIAN_FRONTEND: 'noninteractive', UCF_FORCE_CONFFOLD: '1', LC_ALL: 'C.UTF-8' };
  const advice = 'Look into the log for what apt-get says; check that the Debian mirror can be reached, then run the same command again.';
  await runLogged('apt-get', ['update'], { env, log: `${log}.update`, advice });
  const restore = [keepServicesDown(), ...(missing.includes('postgresql') ? [makeNoCluster()] : [])];
  try {
    await runLogged('apt-get', install, { env, log, advice });
  } finally {
    for (const undo of restore) undo();
  }
  return `installed ${missing.join(', ')}`;
}

function missingPackages(needs: Needs): string[] {
  const wanted = [
    ...platformPackages,
    ...(needs.postgres ? [postgres] : []),
    ...(needs.redis ? [redis] : []),
    ...(needs.engine ? engine : []),
    ...(needs.tests ? testPackages : []),
    ...(needs.bench ? benchPackages : []),
  ];
  return [...new Set(wanted.filter((wish) => !wish.present()).map((wish) => wish.name))];
}

const policyFile = '/usr/sbin/policy-rc.d';
const policyText = '#!/bin/sh\n# Written by Molo while it installs packages: their services are not started. Goes by itself.\nexit 101\n';

/** Debian starts the services of a package on installation; Molo runs its own instances and wants none of these. */
function keepServicesDown(): () => void {
  const leftBehind = existsSync(policyFile) && readFileSync(policyFile, 'utf8') === policyText;
  if (existsSync(policyFile) && !leftBehind) return () => undefined;
  writeFileSync(policyFile, policyText, { mode: 0o755 });
  return () => rmSync(policyFile, { force: true });
}

const clusterFolder = '/etc/postgresql-common';
const clusterDefaults = '/usr/share/postgresql-common/createcluster.conf';

/** Debian makes a `main` cluster with the package; the file that forbids it is put back to the package's own after. */
function makeNoCluster(): () => void {
  const file = join(clusterFolder, 'createcluster.conf');
  if (existsSync(file)) return () => undefined;
  mkdirSync(clusterFolder, { recursive: true });
  writeFileSync(file, 'create_main_cluster = false\n');
  return () => (existsSync(clusterDefaults) ? copyFileSync(clusterDefaults, file) : rmSync(file));
}

const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where a program is, looked for in the system's folders whatever the caller's PATH says. */
export function programPath(name: string): string | undefined {
  return searchPath.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folder of PostgreSQL's server programs: of one version, where data of it are there already, else of the newest. */
export function postgresPrograms(version?: string): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, 'bin', 'postgres'))) : [];
  const chosen = version ?? versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (!chosen || !versions.includes(chosen)) {
    throw new StepFailed(`PostgreSQL ${chosen ?? ''} is not installed, only ${versions.join(', ') || 'none'}`, {
      advice: `Molo's database was made by PostgreSQL ${version ?? 'of this machine'}: install the package postgresql-${version ?? '15'} again, or move the data with pg_upgrade.`,
    });
  }
  return join(root, chosen, 'bin');
}
