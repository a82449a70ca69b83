import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '@molo/contracts';
import type { Header } from 'tar-stream';
import { contentOf, eachTarEntry, tarStream, type TarEntry, type TarWriter } from './tar-entries.js';

export interface SourceLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export const sourceLimits: SourceLimits = { maxBytes: 4 * 1024 ** 3, maxEntries: 300_000 };

/** Files that planning may read are kept while the tree is read for the first time; others are read again on demand. */
const keptFileBytes = 16 * 1024 ** 2;
const keptTotalBytes = 48 * 1024 ** 2;
const keptNames = /^(package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock)$/;

export interface SourceEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link';
  readonly bytes: number;
}

export interface ContextOptions {
  /** Folder of the build context that the tree is put into; empty for its root. */
  readonly prefix: string;
  /** Paths of the tree that stay out. */
  readonly leavesOut: (path: string) => boolean;
  /** Files of Molo's own, by path in the context. */
  readonly additions: ReadonlyMap<string, string>;
  /** Files of the tree that the context holds once more: path in the tree → path in the context. */
  readonly copies?: ReadonlyMap<string, string>;
}

/** A source tree in a tar on disk: what is in it, the text of its small files, and the build context made of it. */
export class SourceTree {
  private constructor(
    private readonly archive: string,
    private readonly entries: ReadonlyMap<string, SourceEntry>,
    private readonly kept: ReadonlyMap<string, Buffer>,
  ) {}

  /** Reads the tar once. Names, links and kinds that do not belong into a source tree are refused. */
  static async read(archive: string, limits: SourceLimits = sourceLimits): Promise<SourceTree> {
    const entries = new Map<string, SourceEntry>();
    const kept = new Map<string, Buffer>();
    const links = new Map<string, string>();
    const budget = { bytes: 0, kept: 0 };
    await eachEntry(archive, async (entry) => {
      const found = checkedEntry(entry.header);
      const before = entries.get(found.path)?.type;
      if (before !== undefined && (before !== 'directory' || found.type !== 'directory')) throw invalid(`${found.path} is there twice. Keep one of them.`);
      if (found.path !== '') entries.set(found.path, found);
      if (found.type === 'symlink') links.set(found.path, entry.header.linkname ?? '');
      budget.bytes += found.bytes;
      if (budget.bytes > limits.maxBytes) throw tooLarge(`more than ${limits.maxBytes} bytes`);
      if (entries.size > limits.maxEntries) throw tooLarge(`more than ${limits.maxEntries} files`);
      if (isWorthKeeping(found) && budget.kept + found.bytes <= keptTotalBytes) {
        budget.kept += found.bytes;
        kept.set(found.path, await contentOf(entry));
      }
    });
    for (const [path, target] of links) checkWay(path, target, links);
    checkFolders(entries);
    return new SourceTree(archive, entries, kept);
  }

  get paths(): string[] {
    return [...this.entries.keys()];
  }

  hasFile(path: string): boolean {
    const type = this.entries.get(path)?.type;
    return type !== undefined && type !== 'directory';
  }

  hasFolder(path: string): boolean {
    if (path === '' || path === '.') return true;
    if (this.entries.get(path)?.type === 'directory') return true;
    return this.paths.some((other) => other.startsWith(`${path}/`));
  }

  /** Text of a file, undefined where there is no such file. Throws `source_invalid` for one of more than 16 MiB. */
  async text(path: string): Promise<string | undefined> {
    const entry = this.entries.get(path);
    if (entry?.type !== 'file') return undefined;
    if (entry.bytes > keptFileBytes) throw invalid(`${path} has ${entry.bytes} bytes, and Molo reads no file of more than ${keptFileBytes} to plan a build.`);
    const content = this.kept.get(path) ?? (await this.readAgain(path));
    return content.toString('utf8').replace(/^\u{feff}/u, '');
  }

  /** The build context as a tar stream. */
  context(options: ContextOptions): Readable {
    return tarStream((writer) => this.fill(writer, options));
  }

  private async fill(writer: TarWriter, options: ContextOptions): Promise<void> {
    for (const [name, content] of options.additions) writer.add({ name, ...additionHeader }, content);
    await this.copyOnceMore(writer, options.copies ?? new Map());
    await eachEntry(this.archive, async (entry) => {
      const { path, type } = checkedEntry(entry.header);
      if (path === '' || options.leavesOut(path)) return;
      const header = contextHeader(entry.header, path, options.prefix);
      if (type === 'file') await writer.copy(header, entry);
      else writer.add(header);
    });
  }

  private async copyOnceMore(writer: TarWriter, copies: ReadonlyMap<string, string>): Promise<void> {
    if (copies.size === 0) return;
    await eachEntry(this.archive, async (entry) => {
      const name = copies.get(normalized(entry.header.name));
      if (name !== undefined && entry.header.type === 'file') await writer.copy({ name, ...additionHeader, size: entry.header.size }, entry);
    });
  }

  private async readAgain(path: string): Promise<Buffer> {
    let content: Buffer = Buffer.alloc(0);
    await eachEntry(this.archive, async (entry) => {
      if (normalized(entry.header.name) === path) content = await contentOf(entry);
    });
    return content;
  }
}

/** The time says nothing of what a file holds: layers made of it stay the same. */
const additionHeader = { mode: 0o644, mtime: new Date(0) };

async function eachEntry(archive: string, visit: (entry: TarEntry) => Promise<void>): Promise<void> {
  try {
    await eachTarEntry(archive, visit);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('source_invalid', { detail: 'The source archive cannot be read. Push again.', cause: error });
  }
}

function isWorthKeeping(entry: SourceEntry): boolean {
  if (entry.type !== 'file' || entry.bytes > keptFileBytes) return false;
  const inDependencies = entry.path.includes('node_modules/');
  if (keptNames.test(posix.basename(entry.path))) return !inDependencies;
  return !entry.path.includes('/') && entry.bytes <= 256 * 1024;
}

function checkedEntry(header: Header): SourceEntry {
  const path = normalized(header.name);
  const { type } = header;
  if (type !== 'file' && type !== 'directory' && type !== 'symlink' && type !== 'link') {
    throw invalid(`${path} is a ${type.replace('-', ' ')}. A source tree holds files, folders and links only.`);
  }
  if (path === '' && type !== 'directory') throw invalid('A file has no name. Give it one.');
  if (type === 'symlink') checkLinkStaysInside(path, posix.join(posix.dirname(path), header.linkname), header.linkname);
  if (type === 'link') checkLinkStaysInside(path, normalized(header.linkname), header.linkname);
  return { path, type, bytes: header.size };
}

/** What Linux takes. */
const longestNameBytes = 255;
const longestPathBytes = 4095;

function normalized(name: string): string {
  if (name.startsWith('/')) throw invalid(`${name} is an absolute path. Use paths inside the source tree.`);
  if (name.includes('\0')) throw invalid('A file name holds a NUL character. Rename the file.');
  if (name.split('/').includes('..')) throw invalid(`${name} points out of the source tree. Remove the ".." from it.`);
  if (Buffer.byteLength(name) > longestPathBytes) throw invalid(`${name.slice(0, 60)}… is a path of more than ${longestPathBytes} bytes. Shorten it.`);
  if (name.split('/').some((part) => Buffer.byteLength(part) > longestNameBytes)) throw invalid(`${name.slice(0, 60)}… has a name of more than ${longestNameBytes} bytes. Shorten it.`);
  const path = posix.normalize(name).replace(/\/+$/, '');
  return path === '.' ? '' : path;
}

function checkLinkStaysInside(path: string, resolved: string, target: string): void {
  const normal = posix.normalize(resolved);
  if (Buffer.byteLength(target) > longestPathBytes) throw invalid(`${path} is a link to a path of more than ${longestPathBytes} bytes. Shorten it.`);
  if (target.includes('\0') || target.startsWith('/') || normal === '..' || normal.startsWith('../')) throw leadsOutside(path, target);
}

/** More than any system follows. */
const mostHops = 40;

/** What lies below a link would be written elsewhere. */
function checkFolders(entries: ReadonlyMap<string, SourceEntry>): void {
  for (const path of entries.keys()) {
    for (let above = posix.dirname(path); above !== '.'; above = posix.dirname(above)) {
      if ((entries.get(above)?.type ?? 'directory') !== 'directory') throw invalid(`${path} lies below ${above}, which is no folder. Rename one of them.`);
    }
  }
}

/** Each link by itself stays inside; one that leads through others may not. */
function checkWay(path: string, target: string, links: ReadonlyMap<string, string>): void {
  const place = path.split('/').slice(0, -1);
  const ahead = target.split('/');
  for (let hops = 0; ahead.length > 0 && hops <= mostHops; ) {
    const step = ahead.shift();
    if (step === undefined || step === '' || step === '.') continue;
    if (step === '..') {
      if (place.pop() === undefined) throw leadsOutside(path, target);
      continue;
    }
    const through = links.get([...place, step].join('/'));
    if (through === undefined) {
      place.push(step);
      continue;
    }
    hops++;
    ahead.unshift(...through.split('/'));
  }
}

function leadsOutside(path: string, target: string): AppError {
  return invalid(`${path} is a link to ${target}, outside the source tree. Make it point inside, or replace it by a copy.`);
}

function contextHeader({ type, mode, mtime, size, linkname }: Header, path: string, prefix: string): Partial<Header> & { name: string } {
  const own = { name: prefix + path, type, mode, mtime, size, uid: 0, gid: 0 };
  if (type === 'symlink') return { ...own, linkname };
  return type === 'link' ? { ...own, linkname: prefix + normalized(linkname) } : own;
}

function invalid(detail: string): AppError {
  return new AppError('source_invalid', { detail });
}

function tooLarge(what: string): AppError {
  return new AppError('source_too_large', { detail: `The source tree holds ${what}. Keep data and build results out of the repository.` });
}
