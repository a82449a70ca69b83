import { execFile } from 'node:child_process';
import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** BuildKit names what it writes so; layers that were pulled and those of containers have hexadecimal digests for names. */
const buildKitName = /^[0-9a-z]{25}$/;

/**
 * What builds have written in the engine's storage since this was made: layers, and caches that are new. BuildKit knows
 * no quota, and tells not whose a layer is, so builds that run at the same time count together.
 *
 * To measure is to walk through many files, so it is done only where it can matter: as long as the disk has not lost as
 * much as builds may still write, they cannot have written it.
 */
export class WrittenLayers {
  #earlier: ReadonlySet<string> | undefined;
  #measured = { free: -Infinity, written: 0 };

  constructor(
    private readonly engineFolder: string,
    private readonly mostBytes: number,
  ) {}

  /** Throws where the storage of the engine cannot be seen: an agent that is not root, or another kind of storage. */
  async areTooMuch(): Promise<boolean> {
    const free = await freeBytes(this.engineFolder);
    this.#earlier ??= new Set(await this.layers());
    const { free: freeThen, written } = this.#measured;
    // Room that others made meanwhile hides nothing.
    if (free > freeThen) this.#measured = { free, written };
    if (this.#measured.free - free <= this.mostBytes - written) return false;
    this.#measured = { free, written: await this.writtenBytes() };
    return this.#measured.written > this.mostBytes;
  }

  private async layers(): Promise<string[]> {
    return (await readdir(join(this.engineFolder, 'overlay2'))).filter((name) => buildKitName.test(name));
  }

  private async writtenBytes(): Promise<number> {
    const layers = (await this.layers()).filter((name) => !this.#earlier?.has(name));
    return layers.length === 0 ? 0 : diskUse(layers.map((name) => join(this.engineFolder, 'overlay2', name, 'diff')));
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
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
