import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface FileOptions {
  readonly mode?: number;
  readonly owner?: Owner | undefined;
}

/** Replaces a file as a whole, on the disk and not in memory alone, or leaves it be when nothing changes. Tells whether it changed. */
export function writeAtomically(path: string, content: string, { mode = 0o644, owner }: FileOptions = {}): boolean {
  const changed = !existsSync(path) || readFileSync(path, 'utf8') !== content;
  if (changed) {
    const fresh = `${path}.new`;
    writeFileSync(fresh, content, { mode, flush: true });
    chmodSync(fresh, mode);
    if (owner) chownSync(fresh, owner.uid, owner.gid);
    renameSync(fresh, path);
  } else {
    chmodSync(path, mode);
    if (owner) chownSync(path, owner.uid, owner.gid);
  }
  return changed;
}

export function makeFolder(path: string, { mode = 0o755, owner }: FileOptions = {}): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (owner) chownSync(path, owner.uid, owner.gid);
}
