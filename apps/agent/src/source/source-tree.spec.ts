import { buffer } from 'node:stream/consumers';
import { AppError } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceTree } from './source-tree.js';
import { contentOf, eachTarEntry, tarStream } from './tar-entries.js';
import { treeTar, withTar, withTree } from './trial-tree.js';

async function codeOf(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : `another error: ${String(error)}`),
  );
}

async function contextOf(files: Record<string, string>, prefix: string, leavesOut = (_path: string) => false): Promise<string[]> {
  return withTree(files, async (tree) => {
    const tar = await buffer(tree.context({ prefix, leavesOut, additions: new Map([['Dockerfile', 'FROM x']]) }));
    return withTar(tar, async (archive) => (await SourceTree.read(archive)).paths);
  });
}

describe('reading a source tree', () => {
  it('knows its files and folders and gives the text of small files', async () => {
    await withTree({ 'package.json': '{}', 'src/été.js': 'x', 'link.js': '-> src/été.js' }, async (tree) => {
      expect(tree.paths).toEqual(['package.json', 'src/été.js', 'link.js']);
      expect(await tree.text('package.json')).toBe('{}');
      expect(await tree.text('src/été.js')).toBe('x');
      expect([tree.hasFolder('src'), tree.hasFile('src'), tree.hasFile('link.js'), tree.hasFile('none')]).toEqual([true, false, true, false]);
    });
  });

  it.each([
    ['/etc/passwd', 'x'],
    ['../outside', 'x'],
    ['a/../../outside', 'x'],
    ['link', '-> /etc/passwd'],
    ['a/link', '-> ../../outside'],
  ])('refuses %s (%s)', async (name, content) => {
    expect(await codeOf(withTree({ [name]: content }, async () => undefined))).toBe('source_invalid');
  });

  it('takes links that stay inside', async () => {
    expect(await codeOf(withTree({ 'a/b/link': '-> ../../c', c: 'x' }, async () => undefined))).toBe('no error');
  });

  it.each(['character-device', 'block-device', 'fifo'] as const)('refuses a %s', async (type) => {
    const tar = await buffer(tarStream(async (writer) => writer.add({ name: 'device', type })));
    expect(await codeOf(withTar(tar, (archive) => SourceTree.read(archive)))).toBe('source_invalid');
  });

  it('refuses a tree over the limits', async () => {
    const limits = { maxBytes: 10, maxEntries: 2 };
    expect(await codeOf(withTree({ a: 'x'.repeat(11) }, async () => undefined, limits))).toBe('source_too_large');
    expect(await codeOf(withTree({ a: '', b: '', c: '' }, async () => undefined, limits))).toBe('source_too_large');
  });

  it('answers any bytes with a tree or with source_invalid', async () => {
    const whole = await treeTar({ 'a.txt': 'hello', b: 'x'.repeat(2000) });
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), async (place, value, end) => {
        const tar = Buffer.from(whole.subarray(0, end));
        if (place < end) tar[place] = value;
        expect(['no error', 'source_invalid']).toContain(await codeOf(withTar(tar, (archive) => SourceTree.read(archive))));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the build context of a tree', () => {
  it('puts the tree below its prefix, beside what Molo adds', async () => {
    expect(await contextOf({ 'a.js': 'x', 'b/link': '-> ../a.js' }, 'source/')).toEqual(['Dockerfile', 'source/a.js', 'source/b/link']);
  });

  it('leaves out what is to stay out', async () => {
    expect(await contextOf({ 'a.js': 'x', 'node_modules/x/index.js': 'y' }, '', (path) => path.startsWith('node_modules'))).toEqual(['Dockerfile', 'a.js']);
  });

  it('holds files once more where it is asked to, however large', async () => {
    const wheel = 'x'.repeat(17 * 1024 ** 2);
    await withTree({ 'wheels/a.whl': wheel, 'b.txt': 'b' }, async (tree) => {
      await expect(tree.text('wheels/a.whl')).rejects.toMatchObject({ code: 'source_invalid' });
      const tar = await buffer(tree.context({ prefix: 'source/', leavesOut: (path) => path === 'b.txt', additions: new Map(), copies: new Map([['wheels/a.whl', 'library/wheels/a.whl']]) }));
      const sizes = new Map<string, number>();
      await withTar(tar, (archive) => eachTarEntry(archive, async (entry) => void sizes.set(entry.header.name, (await contentOf(entry)).length)));
      expect(Object.fromEntries(sizes)).toEqual({ 'library/wheels/a.whl': wheel.length, 'source/wheels/a.whl': wheel.length });
    });
  });

  it('keeps modes and contents of large files', async () => {
    const large = 'x'.repeat(3_000_000);
    await withTree({ large }, async (tree) => {
      const tar = await buffer(tree.context({ prefix: 's/', leavesOut: () => false, additions: new Map() }));
      await withTar(tar, async (archive) => expect((await (await SourceTree.read(archive)).text('s/large'))?.length).toBe(large.length));
    });
  });
});
