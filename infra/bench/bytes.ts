import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { type Figure, overFloor, type Pair } from './figures.ts';
import { production, type Stage } from './stage.ts';
import type { WorkingCopy } from './working-copy.ts';

const run = promisify(execFile);
const app = 'bench-bytes';
const mostOver = 16 * 1024;

/** What a one-line change moves and leaves behind, beside the app's source compressed, which a layer cannot be smaller than. */
export async function measureBytes(stage: Stage, pairs: number): Promise<Figure[]> {
  const copy = await stage.createApp(app);
  await copy.push();
  const [pushed, stored]: [Pair[], Pair[]] = [[], []];
  const folders = [join(stage.settings['MOLO_HOME'] ?? '', 'registry'), join(stage.settings['MOLO_HOME'] ?? '', 'git', `${app}.git`)];
  for (let index = 0; index < pairs; index += 1) {
    const before = sizeOf(folders);
    // A line that no other app has: what the registry holds already would not be sent.
    await copy.changeLine(randomUUID());
    await copy.push();
    const floor = await compressedSource(copy);
    const { items } = await stage.molo.listDeployments({ params: { app, ...production }, query: { limit: 1 } });
    pushed.push({ molo: items[0]?.receipt?.bytesMoved ?? 0, floor });
    stored.push({ molo: sizeOf(folders) - before, floor });
  }
  const comparison = { floorIs: 'git archive | gzip of the source', mostOver };
  return [overFloor('bytes pushed by a one-line change', 'B', pushed, comparison), overFloor('bytes stored by a one-line change (registry and git)', 'B', stored, comparison)];
}

async function compressedSource({ folder }: WorkingCopy): Promise<number> {
  const { stdout } = await run('git', ['-C', folder, 'archive', '--format=tar', 'HEAD'], { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  return gzipSync(stdout).length;
}

/** Bytes of all files below. */
function sizeOf(folders: readonly string[]): number {
  return folders.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true })).reduce((sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0), 0);
}
