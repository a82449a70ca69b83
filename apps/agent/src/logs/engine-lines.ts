export interface LogLine {
  /** RFC 3339 with nanoseconds, as the engine took it. */
  readonly at: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Longer lines are split. */
export const longestLineChars = 64 * 1024;

/** No entry is that long: the engine cuts lines at 16 KB. */
const longestEntryBytes = 1024 ** 2;
const newline = 0x0a;

/** What the engine writes at once: a line, or a part of one. */
interface Entry {
  readonly log: string;
  readonly stream: LogLine['stream'];
  readonly time: string;
}

interface Pending {
  readonly at: string;
  text: string;
}

/** Makes lines of the bytes of the engine's log: one JSON object for each line, or for each part of a long one. */
export class EngineLines {
  private rest: Buffer = Buffer.alloc(0);
  private readonly pending = new Map<LogLine['stream'], Pending>();

  take(bytes: Buffer): LogLine[] {
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const end = all.lastIndexOf(newline) + 1;
    // A copy: the whole chunk would stay for the sake of its last bytes.
    this.rest = all.length - end > longestEntryBytes ? Buffer.alloc(0) : Buffer.from(all.subarray(end));
    const lines: LogLine[] = [];
    for (const text of all.toString('utf8', 0, Math.max(0, end - 1)).split('\n')) {
      const entry = entryOf(text);
      if (entry) this.add(entry, lines);
    }
    return lines;
  }

  /** What was begun and not ended. */
  end(): LogLine[] {
    const lines = [...this.pending].map(([stream, { at, text }]) => lineOf(stream, at, text));
    this.pending.clear();
    return lines;
  }

  private add({ log, stream, time }: Entry, lines: LogLine[]): void {
    const begun = this.pending.get(stream);
    const line = begun ?? { at: nanoseconds(time), text: '' };
    line.text += log;
    for (; line.text.length > longestLineChars; ) {
      const cut = characterStart(line.text, longestLineChars);
      lines.push(lineOf(stream, line.at, line.text.slice(0, cut)));
      line.text = line.text.slice(cut);
    }
    const hasEnded = log.endsWith('\n');
    if (hasEnded) lines.push(lineOf(stream, line.at, line.text));
    if (hasEnded && begun) this.pending.delete(stream);
    if (!hasEnded) this.pending.set(stream, line);
  }
}

/** The time of a line as the engine has it in its file, where zeros at its end are left out. */
export function engineTime(at: string): string {
  return at.replace(/\.?0*Z$/, 'Z');
}

/** All times are of one length, so that they are in order as texts too. */
function nanoseconds(time: string): string {
  if (time.length === '2026-01-02T03:04:05.000000000Z'.length) return time;
  const [seconds = '', fraction = ''] = time.slice(0, -1).split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

/** An engine that was killed, or had a full disk, may have left part of an entry before the next; quotes inside one are escaped. */
function entryOf(text: string): Entry | null {
  try {
    const entry = JSON.parse(text.slice(Math.max(0, text.lastIndexOf('{"log":"')))) as Partial<Entry> | null;
    return typeof entry?.log === 'string' && typeof entry.time === 'string' && (entry.stream === 'stdout' || entry.stream === 'stderr') ? (entry as Entry) : null;
  } catch {
    return null;
  }
}

/** The nearest place at or before `at` that is not inside a character. */
function characterStart(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

function lineOf(stream: LogLine['stream'], at: string, text: string): LogLine {
  const end = text.endsWith('\r\n') ? -2 : text.endsWith('\n') ? -1 : text.length;
  return { at, stream, text: text.slice(0, end) };
}
