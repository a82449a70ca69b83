import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkout, moloHome } from '../config.ts';

const scarceBytes = 100_000_000;

/** A folder that set-up writes to and whose file system is full; whatever failed, that may be why. */
export function fullFolder(): { path: string; freeBytes: number } | undefined {
  return [checkout, moloHome, '/tmp', '/var'].map((path) => ({ path, freeBytes: freeBytesOf(path) })).find(({ freeBytes }) => freeBytes < scarceBytes);
}

function freeBytesOf(path: string): number {
  if (!existsSync(path)) return freeBytesOf(dirname(path));
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
