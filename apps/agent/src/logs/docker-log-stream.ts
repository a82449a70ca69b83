import type { Readable } from 'node:stream';

export interface LogLine {
  /** RFC 3339 with nanoseconds, as the engine took it. */
  readonly at: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Longer lines are split. */
export const longestLineBytes = 64 * 1024;

const headerBytes = 8;

interface Pending {
  at: string;
  parts: Buffer[];
  bytes: number;
}

/**
 * Reads the engine's multiplexed log: frames of [stream, 0, 0, 0, length as 32 bits] and `<time> <bytes>`.
 * A line that the engine cut into several frames is put together. Yields the lines of one read at a time.
 */
export async function* logLines(source: Readable): AsyncGenerator<LogLine[]> {
  let buffer: Buffer = Buffer.alloc(0);
  const pending = new Map<LogLine['stream'], Pending>();
  for await (const chunk of source) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    const lines: LogLine[] = [];
    let offset = 0;
    while (buffer.length - offset >= headerBytes) {
      const length = buffer.readUInt32BE(offset + 4);
      if (buffer.length - offset - headerBytes < length) break;
      const stream = buffer[offset] === 2 ? 'stderr' : 'stdout';
      takeFrame(stream, buffer.subarray(offset + headerBytes, offset + headerBytes + length), pending, lines);
      offset += headerBytes + length;
    }
    buffer = Buffer.from(buffer.subarray(offset));
    if (lines.length > 0) yield lines;
  }
  const rest = [...pending].map(([stream, line]) => lineOf(stream, line));
  if (rest.length > 0) yield rest;
}

function takeFrame(stream: LogLine['stream'], frame: Buffer, pending: Map<LogLine['stream'], Pending>, lines: LogLine[]): void {
  const space = frame.indexOf(0x20);
  const body = Buffer.from(frame.subarray(space + 1));
  const line = pending.get(stream) ?? { at: frame.toString('latin1', 0, space), parts: [], bytes: 0 };
  line.parts.push(body);
  line.bytes += body.length;
  const ended = body.at(-1) === 0x0a;
  if (ended) pending.delete(stream);
  else pending.set(stream, line);
  if (ended || line.bytes >= longestLineBytes) lines.push(...split(stream, line, ended, pending));
}

function split(stream: LogLine['stream'], line: Pending, ended: boolean, pending: Map<LogLine['stream'], Pending>): LogLine[] {
  let rest = Buffer.concat(line.parts);
  const lines: LogLine[] = [];
  while (rest.length > longestLineBytes) {
    const cut = characterStart(rest, longestLineBytes);
    lines.push(lineOf(stream, { at: line.at, parts: [rest.subarray(0, cut)], bytes: cut }));
    rest = rest.subarray(cut);
  }
  const last = { at: line.at, parts: [rest], bytes: rest.length };
  if (ended) lines.push(lineOf(stream, last));
  else pending.set(stream, last);
  return lines;
}

/** The nearest place at or before `at` where a UTF-8 character begins. */
function characterStart(text: Buffer, at: number): number {
  let start = at;
  while (start > at - 4 && (text[start]! & 0xc0) === 0x80) start--;
  return start;
}

function lineOf(stream: LogLine['stream'], line: Pending): LogLine {
  return { at: line.at, stream, text: Buffer.concat(line.parts).toString('utf8').replace(/\r?\n$/, '') };
}
