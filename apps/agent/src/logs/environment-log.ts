import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** One line as it lies in the files; short names, since each line carries them. */
export interface LogRecord {
  readonly at: string;
  /** First 12 digits of the container's id. */
  readonly c: string;
  readonly i: string;
  readonly p: string;
  readonly n: string;
  readonly r: number;
  readonly s: 'stdout' | 'stderr' | 'molo';
  readonly t: string;
  /** It went to the log of its deployment, too. */
  readonly d?: true;
}

/** Where the reading of a container's log has got to: the time of its last line, and how many lines bear that time. */
export interface LogPosition {
  readonly at: string;
  readonly count: number;
}

export interface LogBounds {
  readonly fileBytes: number;
  readonly files: number;
}

/** A place in the log: the number of a file, and the bytes before it there. */
export interface Place {
  readonly file: number;
  readonly offset: number;
}

/** Records in the order of the log, and where the reading goes on. */
export interface LogPart {
  readonly records: readonly { readonly record: LogRecord; readonly end: Place }[];
  readonly next: Place;
  /** There is nothing behind it yet. */
  readonly isAtEnd: boolean;
  /** The place lay in a file that is gone by now: lines between it and the oldest file are missing. */
  readonly hasGap: boolean;
}

export const defaultBounds: LogBounds = { fileBytes: 5 * 1024 ** 2, files: 10 };

const newline = 0x0a;
const texts = ['at', 'c', 'i', 'p', 'n', 't'] as const;
const streams: ReadonlySet<string> = new Set(['stdout', 'stderr', 'molo'] satisfies LogRecord['s'][]);
const partBytes = 256 * 1024;

/**
 * The log of one environment on this node: numbered files of one JSON object a line, the oldest of which go.
 * They outlive the containers, and they say themselves how far each container's log was read.
 */
export class EnvironmentLog {
  private readonly listeners = new Set<() => void>();
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
      await this.write(Buffer.from(`${records.map((record) => JSON.stringify(record)).join('\n')}\n`));
      for (const listener of this.listeners) listener();
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
  async tail(count: number, passes: (record: LogRecord) => boolean): Promise<LogRecord[]> {
    return (await this.lastOf(count, passes)).map(({ record }) => record);
  }

  /** The place from which the last `count` lines that pass are read, and then all that come. */
  async placeBefore(count: number, passes: (record: LogRecord) => boolean): Promise<Place> {
    const [first] = await this.lastOf(count, passes);
    return first?.start ?? this.end();
  }

  /** The place behind the last line. */
  end(): Promise<Place> {
    return this.inTurn(async () => {
      const newest = (await this.files()).at(-1);
      return newest === undefined ? { file: 1, offset: 0 } : { file: numberOf(newest), offset: (await stat(newest)).size };
    });
  }

  /** What lies behind a place, as far as it is written, at most some hundred kilobytes at once. */
  async read(from: Place): Promise<LogPart> {
    // Listed before it is read: a file that has a successor by then gets no more lines.
    const numbers = (await this.files()).map(numberOf);
    const [oldest = from.file] = numbers;
    if (from.file < oldest) return { ...(await this.read({ file: oldest, offset: 0 })), hasGap: true };
    const text = await readLines(this.path(from.file), from.offset, partBytes);
    const successor = numbers.find((number) => number > from.file);
    if (text.length === 0 && successor !== undefined) return this.read({ file: successor, offset: 0 });
    const records = placeRecords(text, from).map(({ record, end }) => ({ record, end }));
    return { records, next: { file: from.file, offset: from.offset + text.length }, isAtEnd: text.length === 0, hasGap: false };
  }

  /** Calls the listener after each append, until what it returns is called. */
  onAppend(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      await this.handle?.close();
      this.handle = null;
    });
  }

  private lastOf(count: number, passes: (record: LogRecord) => boolean): Promise<PlacedRecord[]> {
    return this.inTurn(async () => {
      let found: PlacedRecord[] = [];
      for (const file of (await this.files()).toReversed()) {
        if (found.length >= count) break;
        found = [...placeRecords(await readFile(file), { file: numberOf(file), offset: 0 }).filter(({ record }) => passes(record)), ...found];
      }
      return count === 0 ? [] : found.slice(-count);
    });
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

interface PlacedRecord {
  readonly record: LogRecord;
  readonly start: Place;
  readonly end: Place;
}

/** Whole lines from a place in a file on, one at least where there is one; nothing where the file is gone. */
async function readLines(path: string, offset: number, atLeast: number): Promise<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    for (let length = atLeast; ; length *= 2) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      const whole = buffer.subarray(0, bytesRead).lastIndexOf(newline) + 1;
      if (whole > 0 || bytesRead < length) return buffer.subarray(0, whole);
    }
  } finally {
    await handle.close();
  }
}

/** Lines torn by a kill or a full disk are left out. */
function placeRecords(text: Buffer, { file, offset }: Place): PlacedRecord[] {
  const placed: PlacedRecord[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf(newline, start);
    const stop = found < 0 ? text.length : found;
    const record = parseRecord(text.toString('utf8', start, stop));
    if (record) placed.push({ record, start: { file, offset: offset + start }, end: { file, offset: offset + stop + 1 } });
    start = stop + 1;
  }
  return placed;
}

function parseRecord(line: string): LogRecord | null {
  try {
    const record: unknown = JSON.parse(line);
    return isRecord(record) ? record : null;
  } catch {
    return null;
  }
}

/** By hand: every line of every log comes through here, and a schema would take more time than all else that is done with it. */
function isRecord(value: unknown): value is LogRecord {
  const record = value as Partial<LogRecord> | null;
  return typeof record === 'object' && record !== null && texts.every((name) => typeof record[name] === 'string') && Number.isInteger(record.r) && streams.has(record.s ?? '');
}

function parseRecords(text: string): LogRecord[] {
  return text.split('\n').flatMap((line) => parseRecord(line) ?? []);
}

function positionIn(records: readonly LogRecord[]): LogPosition | null {
  const at = records.at(-1)?.at;
  return at === undefined ? null : { at, count: records.filter((record) => record.at === at).length };
}
