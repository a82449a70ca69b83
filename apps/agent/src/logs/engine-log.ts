import { open, stat, type FileHandle } from 'node:fs/promises';

const chunkBytes = 256 * 1024;
/** A line that the engine cut into parts may begin this far before its end. */
const lookBackBytes = 256 * 1024;
const newline = 0x0a;

interface LogFile {
  readonly path: string;
  /** Its inode stays when the engine gives it another name. */
  readonly ino: number;
}

/** Bytes of the log, as they follow what was read before. */
export interface LogChunk {
  readonly bytes: Buffer;
  /** Something between what was read before and these bytes was there, and is gone. */
  readonly hasGap: boolean;
}

/**
 * The files into which the engine writes what a container says: PATH, and older ones PATH.1, PATH.2 …, each renamed to
 * the next whenever a new one is begun. A file that is open is read to its end whatever it is called by then, so a reader
 * loses only what it has not even opened before the engine removed it; and that shows.
 */
export class EngineLog implements AsyncDisposable {
  private handle: FileHandle | null = null;
  private ino = 0;
  private offset = 0;
  /** The file that follows the open one, as far as it was seen. */
  private successor: number | null = null;

  constructor(private readonly path: string) {}

  /** What comes next; null where there is nothing yet. */
  async read(): Promise<LogChunk | null> {
    for (let hasGap = false; ; ) {
      // Listed before it is read: a file that has a successor by then gets no more lines.
      const files = await this.files();
      const bytes = await this.readOpen();
      if (bytes.length > 0) return { bytes, hasGap };
      const next = this.next(files);
      if (next === null) return null;
      const isJump = this.handle !== null && !next.follows;
      if (await this.enter(next.file)) hasGap ||= isJump;
    }
  }

  /**
   * Goes to just before the first line that bears this time, as the engine writes it; false where there is none. Some
   * lines before it are read again: one of them may end only behind it.
   */
  async seek(time: string): Promise<boolean> {
    const mark = Buffer.from(`"time":"${time}"`);
    for (const file of (await this.files()).toReversed()) {
      // The engine began a new file meanwhile: all have other names now.
      if (!(await this.enter(file))) return this.seek(time);
      const at = await this.find(mark);
      if (at < 0) continue;
      this.offset = Math.max(0, at - lookBackBytes);
      if (this.offset > 0) this.offset += (await this.readOpen(false)).indexOf(newline) + 1;
      return true;
    }
    await this.leave();
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  /** Newest first. A file may be listed twice where the engine begins a new one meanwhile, and none is left out. */
  private async files(): Promise<LogFile[]> {
    const files: LogFile[] = [];
    for (let number = 0; ; number += 1) {
      const path = number === 0 ? this.path : `${this.path}.${number}`;
      const found = await stat(path).catch(unlessAbsent);
      if (found) files.push({ path, ino: found.ino });
      else if (number > 0) break;
    }
    const own = files.findIndex(({ ino }) => ino === this.ino);
    if (own > 0) this.successor = files[own - 1]!.ino;
    return files;
  }

  /** The file to go on with, and whether it is known to come right after the open one. */
  private next(files: readonly LogFile[]): { file: LogFile; follows: boolean } | null {
    const own = this.handle === null ? -1 : files.findIndex(({ ino }) => ino === this.ino);
    if (own === 0) return null;
    const following = own > 0 ? files[own - 1] : files.find(({ ino }) => ino === this.successor);
    const file = following ?? files.at(-1);
    return file === undefined ? null : { file, follows: following !== undefined };
  }

  /** Opens a file; false where another one, or none, has its name by now. */
  private async enter({ path, ino }: LogFile): Promise<boolean> {
    const handle = await open(path, 'r').catch(unlessAbsent);
    if (handle !== null && (await handle.stat()).ino === ino) {
      await this.leave();
      this.handle = handle;
      this.ino = ino;
      return true;
    }
    await handle?.close();
    return false;
  }

  private async leave(): Promise<void> {
    await this.handle?.close();
    this.handle = null;
    this.ino = 0;
    this.offset = 0;
    this.successor = null;
  }

  private async readOpen(moves = true): Promise<Buffer> {
    if (this.handle === null) return Buffer.alloc(0);
    const { size } = await this.handle.stat();
    const length = Math.min(chunkBytes, size - this.offset);
    if (length <= 0) return Buffer.alloc(0);
    const { bytesRead, buffer } = await this.handle.read(Buffer.allocUnsafe(length), 0, length, this.offset);
    if (moves) this.offset += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  /** Where the mark first stands in the open file; -1 where it does not. */
  private async find(mark: Buffer): Promise<number> {
    this.offset = 0;
    for (let before = Buffer.alloc(0); ; ) {
      const start = this.offset - before.length;
      const bytes = await this.readOpen();
      if (bytes.length === 0) return -1;
      const whole = Buffer.concat([before, bytes]);
      const at = whole.indexOf(mark);
      if (at >= 0) return start + at;
      before = whole.subarray(Math.max(0, whole.length - mark.length));
    }
  }
}

function unlessAbsent(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
