import { statfs } from 'node:fs/promises';

export interface DiskUse {
  readonly bytes: number;
  /** Of what ordinary users may fill, as `df` has it. */
  readonly usedShare: number;
}

/** How full the disk is that a folder is on; null where it cannot be seen, as that of an engine on another machine. */
export async function diskUse(folder: string): Promise<DiskUse | null> {
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return null;
  const used = disk.blocks - disk.bfree;
  return { bytes: disk.blocks * disk.bsize, usedShare: used / (used + disk.bavail) };
}
