import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outputOfGit, runGit } from './git-command.js';
import { readPushedCommit } from './pushed-commit.js';
import { readPushedTree } from './pushed-tree.js';

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'molo-tree-'));
  await runGit(['init', '--quiet', '--bare', folder]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function git(args: readonly string[], input: string | Buffer = ''): Promise<string> {
  return (await runGit(['-C', folder, ...args], input)).toString().trim();
}

const blob = (content: string | Buffer) => git(['hash-object', '-w', '--stdin'], content);
const tree = (...entries: string[]) => git(['mktree', '--missing'], entries.map((entry) => `${entry}\n`).join(''));

const headers = (treeId: string) => `tree ${treeId}\nauthor Ada <ada@example.com> 1700000000 +0000\ncommitter Ada <ada@example.com> 1700000000 +0000\n\n`;
const commit = (treeId: string, message = 'One') => commitOf([`${headers(treeId)}${message}\n`]);

/** In pieces, so that a long one is nowhere whole in this process. */
async function commitOf(pieces: Iterable<string>): Promise<string> {
  let id = '';
  for await (const chunk of outputOfGit(['-C', folder, 'hash-object', '-t', 'commit', '-w', '--stdin'], pieces)) id += chunk.toString();
  return id.trim();
}

const pointer = (bytes: number) => `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize ${bytes}\n`;

describe('the tree of a push', () => {
  it('names the submodules and the pointers of Git LFS that it holds, and nothing else', async () => {
    const [small, large, other] = [await blob(pointer(1)), await blob(pointer(9_999_999_999_999)), await blob(`#${pointer(12)}`)];
    const inner = await tree(`100644 blob ${large}\tgrün "und" 日本.psd`, `160000 commit ${'1'.repeat(40)}\tlib`);
    const id = await commit(await tree(`100755 blob ${small}\ta.bin`, `100644 blob ${other}\tnotes`, `120000 blob ${small}\tlink`, `040000 tree ${inner}\tz`));
    expect(await readPushedTree(folder, id)).toEqual({ submodules: ['z/lib'], lfsPointers: ['a.bin', 'z/grün "und" 日本.psd'] });
  });

  it('is refused at once when it grows without end from a pack of some kilobytes', async () => {
    const many = (type: string, mode: string, id: string) => tree(...Array.from({ length: 30 }, (_, index) => `${mode} ${type} ${id}\t${String(index).padStart(2, '0')}`));
    const megabyte = await blob(Buffer.alloc(1_048_576));
    let files = await many('blob', '100644', await blob('x'));
    let bytes = await many('blob', '100644', megabyte);
    for (let depth = 0; depth < 9; depth++) [files, bytes] = [await many('tree', '040000', files), await many('tree', '040000', bytes)];
    await expect(readPushedTree(folder, await commit(files), { mostFiles: 50_000, mostBytes: 4 * 1024 ** 3 })).rejects.toMatchObject({ code: 'source_too_large', detail: expect.stringContaining('more than 50000 files') });
    await expect(readPushedTree(folder, await commit(bytes))).rejects.toMatchObject({ code: 'source_too_large', detail: expect.stringContaining('more than 4096 MB') });
  });
});

describe('the commit of a push', () => {
  const read = (newId: string) => readPushedCommit({ repository: folder, ref: 'refs/heads/main', newId, newTags: [] });

  it('is read in a bounded memory and time, however long its message is', async () => {
    const treeId = await tree(`100644 blob ${await blob('x')}\tfile`);
    const blank = await commit(treeId, `Subject${' '.repeat(2_000_000)}end`);
    const long = await commitOf([headers(treeId), ...Array<string>(128).fill('x'.repeat(1024 ** 2))]);
    const before = process.memoryUsage.rss();
    const startedAt = performance.now();
    const found = await read(long);
    expect(found).toMatchObject({ commit: { id: long, author: 'Ada' }, treeId, presentId: null });
    expect(found?.commit.subject).toBe('x'.repeat(500));
    expect((await read(blank))?.commit.subject).toBe('Subject');
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 ** 2);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('tells where the branch stands, and null of what is no commit', async () => {
    const treeId = await tree(`100644 blob ${await blob('x')}\tfile`);
    const [one, two] = [await commit(treeId, 'One'), await commit(treeId, 'Two\n\nMore\nof it')];
    await git(['update-ref', 'refs/heads/main', one]);
    expect(await read(two)).toMatchObject({ commit: { id: two, subject: 'Two' }, presentId: one, isEmpty: false });
    expect(await read(treeId)).toBeNull();
    expect(await read('1'.repeat(40))).toBeNull();
  });
});
