import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface WholeFile {
  readonly mode: number;
  /** It outlives a loss of power, too, once it is written; otherwise only after some seconds. */
  readonly isDurable: boolean;
}

/**
 * Replaces a file as a whole: whoever reads it sees the old content or the new. A disk that takes no more leaves the
 * old one, and nothing beside it. By default only its owner can read it, and it is not waited for the disk.
 */
export async function writeWhole(file: string, content: string | Uint8Array, { mode, isDurable }: WholeFile = { mode: 0o600, isDurable: false }): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  try {
    await writeDraft(draft, content, mode, isDurable);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Removes what programs that were killed left of their writing. Nobody may write there meanwhile. */
export async function removeDrafts(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    const drafts = names.filter((name) => /\.\d+\.new$/.test(name));
    await Promise.all(drafts.map((name) => rm(join(folder, name), { force: true })));
  }
}

async function writeDraft(draft: string, content: string | Uint8Array, mode: number, isDurable: boolean): Promise<void> {
  const handle = await open(draft, 'w', mode);
  try {
    await handle.writeFile(content);
    if (isDurable) await handle.datasync();
  } finally {
    await handle.close();
  }
}
