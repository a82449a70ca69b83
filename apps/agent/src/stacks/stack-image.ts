import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError, type StackReport } from '@molo/contracts';
import type Docker from 'dockerode';
import { imageFacts } from '../engine/image-facts.js';
import { appUser } from '../source/generated-dockerfile.js';
import { stackImage } from '../source/app-plan.js';
import { importImage } from './image-import.js';

/** Debian releases that stacks are made of. */
export const stackSuites = { 'debian-12': 'bookworm', 'debian-13': 'trixie' } as const;
export type StackName = keyof typeof stackSuites;

/** Raised whenever the recipe below changes, so that stacks made by an older Molo are made anew. */
const recipe = '2';

/**
 * Beside what is essential: certificates, the users' own names of things, and the C libraries that ready-made programs
 * of languages ask for.
 */
const packages = ['ca-certificates', 'libatomic1', 'libstdc++6', 'netbase', 'tzdata'];

const leftOut = ['/usr/share/man/*', '/usr/share/info/*', '/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/lintian/*', '/usr/share/bug/*'];

/** Mirrors that answer slowly are waited for; one that never answers is not. */
const bootstrapTimeoutMs = 20 * 60_000;

export type Progress = (line: string) => void;

export interface StackSettings {
  /** Where the list of packages of each stack is kept. */
  readonly cacheFolder: string;
  /** Holds its archive while a stack is made; the agent empties it when it starts. */
  readonly workFolder: string;
  /** `http://HOST` of a Debian mirror that has `/debian` and `/debian-security`. */
  readonly mirror?: string | undefined;
  /** `http_proxy` and the like. */
  readonly proxy?: Readonly<Record<string, string>>;
}

export function isStackName(name: string): name is StackName {
  return Object.hasOwn(stackSuites, name);
}

/** Makes the OS Base image of a stack from Debian packages, unless the engine has it already; then it says nothing. */
export async function ensureStack(docker: Docker, name: StackName, settings: StackSettings, progress: Progress): Promise<StackReport> {
  const present = await describeStack(docker, name, settings);
  if (present) return present;
  await Promise.all([settings.cacheFolder, settings.workFolder].map((folder) => mkdir(folder, { recursive: true })));
  const archive = join(settings.workFolder, `stack-${name}-${process.pid}.tar`);
  try {
    progress(`Making ${stackImage(name)} from Debian ${stackSuites[name]} packages`);
    const installed = await bootstrap(name, archive, settings, progress);
    await writeFile(packageList(name, settings), JSON.stringify(installed));
    progress(`Importing ${Math.round((await stat(archive)).size / 1e6)} MB as ${stackImage(name)}`);
    await importImage(docker, archive, stackImage(name), labels(name), [
      // A WORKDIR in a Dockerfile would make an empty layer of its own.
      'WORKDIR /app', 'CMD ["/bin/bash"]',
    ]);
  } finally {
    await rm(archive, { force: true });
  }
  const made = await describeStack(docker, name, settings);
  if (!made) throw new AppError('internal', { detail: `${stackImage(name)} was made and is not there.` });
  progress(`${stackImage(name)} is ready`);
  return made;
}

async function describeStack(docker: Docker, name: StackName, settings: StackSettings): Promise<StackReport | null> {
  const info = await imageFacts(docker, stackImage(name));
  if (!info || info.Config.Labels?.['molo.stack.recipe'] !== recipe) return null;
  const list = await readFile(packageList(name, settings), 'utf8').catch(() => '[]');
  return { name, digest: info.RootFS.Layers?.[0] ?? info.Id, imageId: info.Id, bytes: info.Size, packages: JSON.parse(list) as string[] };
}

/** Kept beside the image, not on it: labels of a base image are on every image that stands on it. */
function packageList(name: StackName, { cacheFolder }: StackSettings): string {
  return join(cacheFolder, `stack-${name}-packages.json`);
}

function labels(name: StackName): Record<string, string> {
  return { 'molo.managed': 'true', 'molo.stack': name, 'molo.stack.recipe': recipe };
}

/** Runs mmdebstrap; returns the installed packages as `name=version`. */
async function bootstrap(name: StackName, archive: string, settings: StackSettings, progress: Progress): Promise<string[]> {
  const chatter: string[] = [];
  const statusFolder = await mkdtemp(join(settings.workFolder, 'stack-status-'));
  const child = spawn('mmdebstrap', bootstrapArguments(name, archive, statusFolder, settings.mirror), {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: bootstrapTimeoutMs,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', SOURCE_DATE_EPOCH: String(epoch()), ...settings.proxy },
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    chatter.push(line);
    if (line.startsWith('I: ') && !line.includes('hook')) progress(line.slice(3));
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => reject(new AppError('base_image_unavailable', { detail: 'mmdebstrap is not installed. Install it: apt-get install mmdebstrap', cause })));
    child.on('close', resolve);
  });
  const installed = await readFile(join(statusFolder, 'status'), 'utf8').catch(() => '');
  await rm(statusFolder, { recursive: true, force: true });
  if (code === 0) return packagesOf(installed);
  throw new AppError('base_image_unavailable', {
    detail: `The stack ${name} could not be made from Debian packages (mmdebstrap ${code === null ? 'was killed' : `ended with ${code}`}):\n${chatter.slice(-5).join('\n')}\nCheck that this machine reaches its Debian mirror.`,
  });
}

/** Installed packages as `name=version`, from dpkg's own list. */
function packagesOf(dpkgStatus: string): string[] {
  const entries = dpkgStatus.split('\n\n').map((entry) => [/^Package: (.+)$/m.exec(entry)?.[1], /^Version: (.+)$/m.exec(entry)?.[1]]);
  return entries.flatMap(([name, version]) => (name && version ? [`${name}=${version}`] : [])).toSorted();
}

function bootstrapArguments(name: StackName, archive: string, statusFolder: string, mirror: string | undefined): string[] {
  const suite = stackSuites[name];
  const hooks = [
    // The user that apps run as, and its folder.
    `echo "app:x:${appUser}:" >> "$1/etc/group"`,
    `echo "app:x:${appUser}:${appUser}::/app:/bin/sh" >> "$1/etc/passwd"`,
    `mkdir -p "$1/app" && chown ${appUser}:${appUser} "$1/app"`,
    `cp "$1/var/lib/dpkg/status" '${statusFolder}/status'`,
    // What differs from run to run, or belongs to a machine.
    'rm -rf "$1"/var/log/* "$1"/var/cache/ldconfig/aux-cache "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/etc/machine-id "$1"/etc/hostname "$1"/etc/resolv.conf "$1"/var/lib/dpkg/*-old "$1"/var/cache/debconf/*-old',
  ];
  return [
    '--variant=minbase',
    '--verbose',
    '--components=main',
    `--include=${packages.join(',')}`,
    ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    suite,
    archive,
    ...sources(suite, mirror),
  ];
}

function sources(suite: string, mirror = 'http://deb.debian.org'): string[] {
  return [`deb ${mirror}/debian ${suite} main`, `deb ${mirror}/debian ${suite}-updates main`, `deb ${mirror}/debian-security ${suite}-security main`];
}

/** One time for all files of a stack: two made on one day are alike. */
function epoch(): number {
  return Math.floor(Date.now() / 86_400_000) * 86_400;
}
