import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own in a sparse file, so that filling it takes nothing from the machine's disk. */
export class SmallDisk {
  private constructor(private readonly place: string) {}

  get folder(): string {
    return join(this.place, 'disk');
  }

  static async make(bytes: number): Promise<SmallDisk> {
    const disk = new SmallDisk(await mkdtemp(join(tmpdir(), 'molo-disk-')));
    const image = join(disk.place, 'image');
    await writeFile(image, '');
    await truncate(image, bytes);
    await run('mkfs.ext4', ['-q', '-m', '0', image]);
    await run('mkdir', [disk.folder]);
    await run('mount', ['-o', 'loop', image, disk.folder]);
    // As a folder for temporary files is: the platform's own user passes through.
    await chmod(disk.place, 0o755);
    await chmod(disk.folder, 0o755);
    return disk;
  }

  async remove(): Promise<void> {
    // What was killed may take a moment to let go of it.
    await run('umount', ['--lazy', this.folder]);
    await rm(this.place, { recursive: true, force: true });
  }
}

/** What a file system keeps for itself and would not give to one large file. */
const slackBytes = 32e6;

/** Takes room from the disk of a folder until no more than `leftBytes` are left. @returns what gives it back */
export async function fill(folder: string, leftBytes: number): Promise<() => Promise<void>> {
  const [most, rest] = [join(folder, 'filler'), join(folder, 'filler.rest')];
  const { bavail, bsize } = await statfs(folder);
  // Reserved, not written: the sparse file behind the disk stays as it is.
  await run('fallocate', ['-l', String(Math.max(bsize, bavail * bsize - Math.max(leftBytes, slackBytes))), most]);
  if (leftBytes === 0) await run('sh', ['-c', 'cat /dev/zero >"$0" 2>/dev/null || :', rest]);
  return () => run('rm', ['-f', most, rest]).then(() => undefined);
}
