import type { Readable } from 'node:stream';

const headerBytes = 4;
/** Git's own limit (gitprotocol-common). */
const longestPacket = 65_520;

/** Ends a group of packets. */
export const flush = Buffer.from('0000');

export function packet(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  if (bytes.length > longestPacket - headerBytes) throw new RangeError(`a pkt-line holds at most ${longestPacket - headerBytes} bytes, and not ${bytes.length}`);
  return Buffer.concat([Buffer.from((bytes.length + headerBytes).toString(16).padStart(headerBytes, '0')), bytes]);
}

/** Reads pkt-lines (gitprotocol-common): a payload, or null for a flush. Ends with the stream. */
export async function* packets(stream: Readable): AsyncGenerator<Buffer | null, void> {
  let pending = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < headerBytes) break;
      const length = lengthOf(pending);
      if (length > pending.length) break;
      yield length === 0 ? null : pending.subarray(headerBytes, length);
      pending = pending.subarray(Math.max(length, headerBytes));
    }
  }
}

function lengthOf(header: Buffer): number {
  const digits = header.toString('latin1', 0, headerBytes);
  const length = /^[0-9a-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  if (length === 0 || (length >= headerBytes && length <= longestPacket)) return length;
  throw new Error(`not a pkt-line header: ${JSON.stringify(digits)}`);
}
