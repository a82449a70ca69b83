import { StringDecoder } from 'node:string_decoder';
import { AppError } from '@molo/contracts';
import { outputOfGit } from './git-command.js';

/** What a tree holds only by name: the content is elsewhere, and is not fetched. */
export interface PushedTree {
  /** Submodules: folders that are empty in what is deployed. */
  readonly submodules: readonly string[];
  /** Files of Git LFS: what is deployed are the pointers to them. */
  readonly lfsPointers: readonly string[];
}

export interface TreeLimits {
  readonly mostBytes: number;
  readonly mostFiles: number;
}

/** What builders take. A pack of some kilobytes may hold a tree of any size: the same file, or the same folder, many times over. */
export const treeLimits: TreeLimits = { mostBytes: 4 * 1024 ** 3, mostFiles: 300_000 };

/** Pointers without extensions have 126 to 138 bytes (Git LFS specification, "The Pointer"). */
const pointerBytes = { least: 120, most: 200 };
const pointerStart = Buffer.from('version https://git-lfs.github.com/spec/v1\n');
/** More than anybody reads in a warning. */
const mostNamed = 20;

/** Throws `source_too_large` for a tree that no builder would take. */
export async function readPushedTree(repository: string, commitId: string, limits = treeLimits): Promise<PushedTree> {
  const submodules: string[] = [];
  const suspects: Entry[] = [];
  let files = 0;
  let bytes = 0;
  for await (const entry of entriesOf(repository, commitId)) {
    files += 1;
    bytes += entry.bytes;
    if (files > limits.mostFiles) throw tooLarge(`more than ${limits.mostFiles} files`);
    if (bytes > limits.mostBytes) throw tooLarge(`more than ${Math.round(limits.mostBytes / 1024 ** 2)} MB`);
    if (entry.type === 'commit' && submodules.length < mostNamed) submodules.push(entry.path);
    if (entry.isFile && entry.bytes >= pointerBytes.least && entry.bytes <= pointerBytes.most) suspects.push(entry);
  }
  return { submodules, lfsPointers: suspects.length === 0 ? [] : await pointersAmong(repository, suspects) };
}

interface Entry {
  readonly type: string;
  readonly isFile: boolean;
  readonly id: string;
  readonly bytes: number;
  readonly path: string;
}

async function* entriesOf(repository: string, commitId: string): AsyncGenerator<Entry> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of outputOfGit(['-C', repository, 'ls-tree', '-r', '-l', '-z', commitId])) {
    const records = (rest + decoder.write(chunk)).split('\0');
    rest = records.pop() ?? '';
    yield* records.map(parseEntry);
  }
}

/** MODE TYPE ID SIZE, padded with spaces, a tab and the path; a submodule's size is a hyphen. */
function parseEntry(record: string): Entry {
  const tab = record.indexOf('\t');
  const [mode = '', type = '', id = '', size = ''] = record.slice(0, tab).split(/ +/);
  return { type, isFile: mode.startsWith('100'), id, bytes: Number(size) || 0, path: record.slice(tab + 1) };
}

async function pointersAmong(repository: string, suspects: readonly Entry[]): Promise<string[]> {
  const found: string[] = [];
  let index = 0;
  for await (const body of bodiesOf(repository, suspects)) {
    if (body.subarray(0, pointerStart.length).equals(pointerStart)) found.push(suspects[index]?.path ?? '');
    if (found.length === mostNamed) break;
    index += 1;
  }
  return found;
}

/** The contents of small objects: a line with id, type and size, the bytes, a line feed. */
async function* bodiesOf(repository: string, entries: readonly Entry[]): AsyncGenerator<Buffer> {
  let pending = Buffer.alloc(0);
  for await (const chunk of outputOfGit(['-C', repository, 'cat-file', '--batch'], entries.map(({ id }) => `${id}\n`))) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const start = pending.indexOf('\n') + 1;
      const end = start + Number(pending.toString('latin1', 0, start).split(' ')[2]);
      if (start === 0 || pending.length <= end) break;
      yield pending.subarray(start, end);
      pending = pending.subarray(end + 1);
    }
  }
}

function tooLarge(what: string): AppError {
  return new AppError('source_too_large', { detail: `The commit holds ${what}. Keep data and build results out of the repository.` });
}
