import { AppError } from '@molo/contracts';
import type { GitService } from './git-access.js';

/**
 * What a client says before its pack, or instead of one: refs, options, what it has and wants. Git keeps all of it in
 * memory and sets no limit; its own http-backend takes as much.
 */
const mostWordsBytes = 10 * 1024 ** 2;
const packMagic = Buffer.from('PACK');
const headerBytes = 4;

/** A client's input as it is. Throws `payload_too_large` where it says more than any does. A pack has git's own limit (`receive.maxInputSize`). */
export async function* boundedInput(input: AsyncIterable<Buffer>, service: GitService, mostBytes = mostWordsBytes): AsyncGenerator<Buffer> {
  const words = new WordsBeforePack();
  let left = mostBytes;
  for await (const chunk of input) {
    left -= service === 'git-receive-pack' ? words.lengthIn(chunk) : chunk.length;
    if (left < 0) throw new AppError('payload_too_large', { detail: `This is more than ${mostBytes / 1024 ** 2} MB of refs and other words beside the pack. Push or fetch fewer refs at once.` });
    yield chunk;
  }
}

/** Follows pkt-lines up to the pack, which begins where a line's length would stand. What is neither is git's to refuse. */
class WordsBeforePack {
  #hasPackBegun = false;
  #header = Buffer.alloc(0);
  #ahead = 0;

  /** How many bytes of a chunk come before the pack. */
  lengthIn(chunk: Buffer): number {
    let at = 0;
    while (!this.#hasPackBegun && at < chunk.length) at += this.#ahead > 0 ? this.#skip(chunk.length - at) : this.#readHeader(chunk.subarray(at));
    return at;
  }

  #skip(available: number): number {
    const skipped = Math.min(this.#ahead, available);
    this.#ahead -= skipped;
    return skipped;
  }

  #readHeader(rest: Buffer): number {
    const piece = rest.subarray(0, headerBytes - this.#header.length);
    this.#header = Buffer.concat([this.#header, piece]);
    if (this.#header.length < headerBytes) return piece.length;
    this.#hasPackBegun = this.#header.equals(packMagic);
    const length = Number.parseInt(this.#header.toString('latin1'), 16);
    this.#ahead = length > headerBytes ? length - headerBytes : 0;
    this.#header = Buffer.alloc(0);
    return piece.length;
  }
}
