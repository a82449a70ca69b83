import { execFileSync } from 'node:child_process';
import { lstat, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { AppError } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceTree } from './source-tree.js';
import { tarStream } from './tar-entries.js';
import { withTar } from './trial-tree.js';

interface Entry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'fifo';
  readonly linkname: string;
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  return buffer(
    tarStream(async (writer) => {
      for (const { name, type, linkname } of entries) {
        if (type === 'file') writer.add({ name }, name);
        else writer.add({ name, type, ...(type === 'symlink' || type === 'link' ? { linkname } : {}) });
      }
    }),
  );
}

/** The tar as a tree, or the code of the AppError; throws what is no AppError. */
async function outcome<T>(tar: Buffer, use: (tree: SourceTree) => Promise<T>): Promise<T | string> {
  return withTar(tar, async (archive) => {
    const tree = await SourceTree.read(archive).catch((error: unknown) => {
      if (error instanceof AppError) return error.code;
      throw error;
    });
    return typeof tree === 'string' ? tree : await use(tree);
  });
}

/** Where links of an unpacked build context lead that lead out of it. */
async function escapes(tar: Buffer): Promise<string[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'molo-unpacked-')));
  try {
    execFileSync('tar', ['-x', '-C', folder, '--no-same-owner'], { input: tar, stdio: ['pipe', 'ignore', 'ignore'] });
    const names = await readdir(folder, { recursive: true });
    const found = await Promise.all(names.map(async (name) => ((await lstat(join(folder, name))).isSymbolicLink() ? await realpath(join(folder, name)).catch(() => folder) : folder)));
    return found.filter((place) => place !== folder && !place.startsWith(`${folder}/source`));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const step = fc.constantFrom('a', 'b', 'c', '..', '.', 'é', ' ');
const path = fc.oneof({ weight: 6, arbitrary: fc.array(step, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('/')) }, { weight: 1, arbitrary: fc.constantFrom('/etc/passwd', '', '/', 'a//b', './a', '../../x', 'a'.repeat(300)) });
const entry = fc.record<Entry>({ name: path, type: fc.oneof({ weight: 12, arbitrary: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const) }, { weight: 1, arbitrary: fc.constantFrom('link' as const, 'character-device' as const, 'fifo' as const) }), linkname: path });

describe('any source archive', () => {
  it('is refused with a reason, or can be built from and holds nothing that leads out of it', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { maxLength: 5, selector: ({ name }) => name }), async (entries) => {
        const tar = await tarOf(entries);
        const context = await outcome(tar, async (tree) => await buffer(tree.context({ prefix: 'source/', leavesOut: () => false, additions: new Map() })));
        if (typeof context === 'string') {
          expect(context).toBe('source_invalid');
          return;
        }
        taken++;
        // A hard link to what is not there is left to the engine, which names it.
        if (entries.every(({ type }) => type !== 'link')) expect(await escapes(context)).toEqual([]);
        expect(await outcome(context, async (tree) => tree.paths.every((each) => each.startsWith('source/')))).toBe(true);
      }),
      { numRuns: 100 },
    );
    expect(taken).toBeGreaterThan(5);
  });

  it.each<[string, Entry[]]>([
    ['a link that leads out by way of another', [{ name: 'a/b', type: 'symlink', linkname: '..' }, { name: 'c', type: 'symlink', linkname: 'a/b/..' }]],
    ['a file below a link', [{ name: 'a', type: 'symlink', linkname: 'b' }, { name: 'a/x', type: 'file', linkname: '' }]],
    ['a file that is there twice', [{ name: 'Dockerfile', type: 'file', linkname: '' }, { name: './Dockerfile', type: 'file', linkname: '' }]],
    ['a path without an end', [{ name: 'a/'.repeat(100_000), type: 'file', linkname: '' }]],
    ['a link to a path without an end', [{ name: 'a', type: 'symlink', linkname: 'a/'.repeat(100_000) }]],
    ['a hard link that leads out', [{ name: 'a', type: 'link', linkname: '../b' }]],
    ['a hard link with dots in its way', [{ name: 'a', type: 'link', linkname: 'b/../c' }]],
  ])('is refused: %s', async (_, entries) => {
    expect(await outcome(await tarOf(entries), async () => 'taken')).toBe('source_invalid');
  });

  it('follows links that lead in circles no further than any system does', async () => {
    const circle: Entry[] = [{ name: 'a', type: 'symlink', linkname: 'b/x' }, { name: 'b', type: 'symlink', linkname: 'a/x' }];
    expect(await outcome(await tarOf(circle), async () => 'taken')).toBe('taken');
  });

  it.each([
    ['more than there is', (header: Buffer) => header.write('77777777777\0', 124)],
    ['more than fits in a number of 64 bits', (header: Buffer) => header.fill(0xff, 124, 136).writeUInt8(0x80, 124)],
    ['less than nothing', (header: Buffer) => header.fill(0xff, 124, 136)],
    ['what is no number', (header: Buffer) => header.write('abcdefghijk\0', 124)],
  ])('that claims to hold %s is refused, and nothing is kept for it', async (_, claim) => {
    const tar = await tarOf([{ name: 'package.json', type: 'file', linkname: '' }]);
    claim(tar.subarray(0, 512));
    const sum = tar.subarray(0, 512).reduce((all, byte, index) => all + (index >= 148 && index < 156 ? 32 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(['source_invalid', 'source_too_large']).toContain(await outcome(tar, async () => 'taken'));
  });

  it('that was cut off anywhere is refused, but where an entry ends', async () => {
    const tar = await tarOf([{ name: 'a', type: 'file', linkname: '' }, { name: 'b', type: 'symlink', linkname: 'a' }]);
    for (let end = 0; end < 512 * 3; end += 37) expect([end, await outcome(tar.subarray(0, end), async (tree) => tree.paths)]).toEqual([end, end === 0 ? [] : 'source_invalid']);
  });
});
