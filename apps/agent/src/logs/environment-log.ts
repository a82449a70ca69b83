import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** One line as it lies in the files; short names, since each line carries them. */
export const LogRecord = z.object({
  at: z.string(),
  /** First 12 digits of the container's id. */
  c: z.string(),
  i: z.string(),
  p: z.string(),
  n: z.string(),
  r: z.number().int(),
  s: z.enum(['stdout', 'stderr', 'molo']),
  t: z.string(),
});
export type LogRecord = z.infer<typeof LogRecord>;

/** Where the reading of a container's log has got to: the time of its last line, and how many lines bear that time. */
export interface LogPosition {
  readonly at: string;
  readonly count: number;
}

export interface LogBounds {
  readonly fileBytes: number;
  readonly files: number;
}

export const defaultBounds: LogBounds = { fileBytes: 5 * 1024 ** 2, files: 10 };

const newline = 0x0a;

/**
 * The log of one environment on this node: numbered files of one JSON object a line, the oldest of which go.
 * They outlive the containers, and they say themselves how far each container's log was read.
 */
export class EnvironmentLog {
  private readonly listeners = new Set<(records: readonly LogRecord[]) => void>();
  private queue: Promise<unknown> = Promise.resolve();
  private handle: FileHandle | null = null;
  private number = 0;
  private size = 0;
  private torn = false;

  constructor(
    readonly folder: string,
    private readonly bounds: LogBounds = defaultBounds,
  ) {}

  /** Resolves once the lines are in the file. Where the disk takes none, they are lost and the error is thrown. */
  append(records: readonly LogRecord[]): Promise<void> {
    return this.inTurn(async () => {
      try {
        await this.write(Buffer.from(`${records.map((record) => JSON.stringify(record)).join('\n')}\n`));
      } finally {
        for (const listener of this.listeners) listener(records);
      }
    });
  }

  /** How far a container's log was read; null when it never was. */
  position(container: string): Promise<LogPosition | null> {
    return this.inTurn(async () => {
      const mark = `"c":"${container}"`;
      for (const file of (await this.files()).toReversed()) {
        const text = await readFile(file);
        if (text.lastIndexOf(mark) >= 0) return positionIn(parseRecords(text.toString('utf8')).filter((record) => record.c === container));
      }
      return null;
    });
  }

  /** The last `count` lines that pass, oldest first. */
  tail(count: number, passes: (record: LogRecord) => boolean): Promise<LogRecord[]> {
    return this.inTurn(() => this.lastOf(count, passes));
  }

  /** The last lines, and from then on every new one, with none between lost or said twice. */
  tailAndFollow(count: number, passes: (record: LogRecord) => boolean, listener: (records: readonly LogRecord[]) => void): Promise<{ tail: LogRecord[]; stop: () => void }> {
    return this.inTurn(async () => {
      const tail = await this.lastOf(count, passes);
      const filtered = (records: readonly LogRecord[]) => listener(records.filter(passes));
      this.listeners.add(filtered);
      return { tail, stop: () => this.listeners.delete(filtered) };
    });
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      await this.handle?.close();
      this.handle = null;
    });
  }

  private async lastOf(count: number, passes: (record: LogRecord) => boolean): Promise<LogRecord[]> {
    let found: LogRecord[] = [];
    for (const file of (await this.files()).toReversed()) {
      if (found.length >= count) break;
      found = [...parseRecords(await readFile(file, 'utf8')).filter(passes), ...found];
    }
    return count === 0 ? [] : found.slice(-count);
  }

  private async write(text: Buffer): Promise<void> {
    this.handle ??= await this.openNewest();
    if (this.size > 0 && this.size + text.length > this.bounds.fileBytes) await this.rotate();
    const whole = this.torn ? Buffer.concat([Buffer.from('\n'), text]) : text;
    this.torn = true;
    await this.handle.appendFile(whole);
    this.torn = false;
    this.size += whole.length;
  }

  private async openNewest(): Promise<FileHandle> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const newest = (await this.files()).at(-1);
    this.number = newest === undefined ? 1 : numberOf(newest);
    const handle = await open(this.path(this.number), 'a+', 0o600);
    this.size = (await handle.stat()).size;
    const last = Buffer.alloc(1);
    if (this.size > 0) await handle.read(last, 0, 1, this.size - 1);
    // An agent that was killed may have left half a line.
    this.torn = this.size > 0 && last[0] !== newline;
    return handle;
  }

  private async rotate(): Promise<void> {
    await this.handle?.close();
    this.number += 1;
    this.handle = await open(this.path(this.number), 'a', 0o600);
    this.size = 0;
    this.torn = false;
    const files = await this.files();
    await Promise.all(files.slice(0, Math.max(0, files.length - this.bounds.files)).map((file) => rm(file, { force: true })));
  }

  private async files(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names.filter((name) => /^\d{8}\.log$/.test(name)).toSorted().map((name) => join(this.folder, name));
  }

  private path(number: number): string {
    return join(this.folder, `${String(number).padStart(8, '0')}.log`);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.queue.then(work);
    this.queue = run.catch(() => undefined);
    return run;
  }
}

/** When the log was last written to; null when it never was. */
export async function lastWritten(folder: string): Promise<Date | null> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  return times.length === 0 ? null : new Date(Math.max(...times));
}

function numberOf(file: string): number {
  return Number(/(\d{8})\.log$/.exec(file)?.[1] ?? '0');
}

/** Lines torn by a kill or a full disk are left out. */
function parseRecords(text: string): LogRecord[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      const record = LogRecord.safeParse(JSON.parse(line));
      return record.success ? [record.data] : [];
    } catch {
      return [];
    }
  });
}

function positionIn(records: readonly LogRecord[]): LogPosition | null {
  const at = records.at(-1)?.at;
  return at === undefined ? null : { at, count: records.filter((record) => record.at === at).length };
}
