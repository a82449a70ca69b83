import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** BuildKit names what it writes so; layers that were pulled and those of containers have hexadecimal digests for names. */
const buildKitName = /^[0-9a-z]{25}$/;

/**
 * What builds have written in the engine's storage since a moment: layers, and caches that are new. BuildKit knows no
 * quota, and tells not whose a layer is, so builds that run at the same time count together.
 */
export class WrittenLayers {
  private constructor(
    private readonly engineFolder: string,
    private readonly earlier: ReadonlySet<string>,
  ) {}

  /** Throws where the storage of the engine cannot be seen: an agent that is not root, or another kind of storage. */
  static async sinceNow(engineFolder: string): Promise<WrittenLayers> {
    return new WrittenLayers(engineFolder, new Set(await layersOf(engineFolder)));
  }

  async bytes(): Promise<number> {
    const layers = (await layersOf(this.engineFolder)).filter((name) => !this.earlier.has(name));
    return layers.length === 0 ? 0 : diskUse(layers.map((name) => join(this.engineFolder, 'overlay2', name, 'diff')));
  }
}

async function layersOf(engineFolder: string): Promise<string[]> {
  return (await readdir(join(engineFolder, 'overlay2'))).filter((name) => buildKitName.test(name));
}

/** Bytes of the disk, not of the files: one with holes is as small as it is. */
function diskUse(folders: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const du = execFile('du', ['--block-size=1', '--total', '--summarize', '--files0-from=-'], { maxBuffer: 64 * 1024 ** 2 }, (error, stdout) => {
      // What goes away while du looks makes it fail at its end; its sum holds nevertheless.
      const [, total] = /^(\d+)\ttotal$/m.exec(stdout) ?? [];
      if (total === undefined) reject(error ?? new Error(`du said: ${stdout}`));
      else resolve(Number(total));
    });
    du.stdin?.on('error', () => undefined).end(folders.join('\0'));
  });
}
