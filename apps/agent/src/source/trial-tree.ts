import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { SourceTree, type SourceLimits } from './source-tree.js';
import { tarStream } from './tar-entries.js';

/** A tar of files, and of links where the text begins with `-> `. */
export async function treeTar(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  return buffer(
    tarStream(async (writer) => {
      for (const [name, content] of Object.entries(files)) {
        if (typeof content === 'string' && content.startsWith('-> ')) writer.add({ name, type: 'symlink', linkname: content.slice(3) });
        else writer.add({ name, mode: 0o644 }, content);
      }
    }),
  );
}

export async function withTar<T>(tar: Buffer, use: (archive: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'molo-tree-'));
  try {
    const archive = join(folder, 'source.tar');
    await writeFile(archive, tar);
    return await use(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads a tree and hands it over while its archive is there. */
export async function withTree<T>(files: Readonly<Record<string, string | Buffer>>, use: (tree: SourceTree) => Promise<T>, limits?: SourceLimits): Promise<T> {
  return withTar(await treeTar(files), async (archive) => use(await SourceTree.read(archive, limits)));
}
