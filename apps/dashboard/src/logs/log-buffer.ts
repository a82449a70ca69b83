export interface LogLine {
  /** Rises by one with each line of the buffer. */
  readonly id: number;
  readonly at: string;
  readonly source: string;
  readonly text: string;
  readonly tone: 'plain' | 'error' | 'molo';
}

export interface LogChunk {
  readonly id: number;
  readonly lines: readonly LogLine[];
}

/** Lines in chunks: a chunk that is full never changes again, so a page draws it once. */
export interface LogBuffer {
  readonly chunks: readonly LogChunk[];
  readonly length: number;
  /** Lines let go at the start because there were too many for a page. */
  readonly dropped: number;
  readonly nextId: number;
}

const linesPerChunk = 100;
/** What a phone still scrolls well; the command shows the rest. */
const longestBuffer = 10_000;
/** In characters. Longer lines are cut: one line without an end must not fill the memory, nor stop the page. */
const longestLine = 8_000;

export const emptyLog: LogBuffer = { chunks: [], length: 0, dropped: 0, nextId: 1 };

/** Adds lines at the end and lets go of the oldest where there are too many. */
export function appendLines(buffer: LogBuffer, lines: readonly Omit<LogLine, 'id'>[]): LogBuffer {
  if (lines.length === 0) return buffer;
  const chunks = [...buffer.chunks];
  let nextId = buffer.nextId;
  for (let taken = 0; taken < lines.length; ) {
    const last = chunks.at(-1);
    const open = last !== undefined && last.lines.length < linesPerChunk ? last : undefined;
    const room = linesPerChunk - (open?.lines.length ?? 0);
    const added = lines.slice(taken, taken + room).map((line) => ({ ...line, text: cut(line.text), id: nextId++ }));
    if (open === undefined) chunks.push({ id: added[0]?.id ?? nextId, lines: added });
    else chunks[chunks.length - 1] = { id: open.id, lines: [...open.lines, ...added] };
    taken += added.length;
  }
  return trim({ chunks, length: buffer.length + lines.length, dropped: buffer.dropped, nextId });
}

function cut(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine)} …` : text;
}

function trim(buffer: LogBuffer): LogBuffer {
  let { length } = buffer;
  let gone = 0;
  while (length > longestBuffer) length -= buffer.chunks[gone++]?.lines.length ?? length;
  return gone === 0 ? buffer : { ...buffer, chunks: buffer.chunks.slice(gone), length, dropped: buffer.dropped + buffer.length - length };
}

/** The lines of one source alone. */
export function onlySource(buffer: LogBuffer, source: string): LogBuffer {
  const lines = buffer.chunks.flatMap((chunk) => chunk.lines.filter((line) => line.source === source));
  return { ...appendLines(emptyLog, lines), dropped: buffer.dropped };
}

export function plainText(buffer: LogBuffer): string {
  return buffer.chunks.flatMap((chunk) => chunk.lines.map((line) => line.text)).join('\n');
}
