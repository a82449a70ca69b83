import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { AppError } from '@molo/contracts';
import { sourceLimits } from '../source/source-tree.js';
import { damaged } from './registry-client.js';

/** Headers, padding and long names of an entry in a tar. */
const mostOverheadBytes = 6 * 1024;
/** What no tree within the limits comes to. A blob of some megabytes may unpack to more than the disk holds. */
const mostUnpackedBytes = sourceLimits.maxBytes + sourceLimits.maxEntries * mostOverheadBytes;

/**
 * Unpacks a source blob, a tar compressed by zstd, into a file, which is there only when all of it is.
 * Throws `source_too_large` at a limit, `blob_damaged` where the blob is not the one of the digest, and
 * `build_out_of_disk` where the disk does not hold it.
 */
export async function unpackSource(blob: AsyncIterable<Uint8Array>, digest: string, file: string, signal: AbortSignal, mostBytes = mostUnpackedBytes): Promise<void> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of blob) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await mkdir(dirname(file), { recursive: true });
    await pipeline(hashed(), createZstdDecompress(), (unpacked: AsyncIterable<Uint8Array>) => atMost(unpacked, mostBytes), createWriteStream(file), { signal });
    if (`sha256:${hash.digest('hex')}` !== digest) throw damaged('The source', digest);
  } catch (error) {
    await rm(file, { force: true });
    if (isDiskFull(error)) throw new AppError('build_out_of_disk', { detail: 'The disk of the node has no room for the source. Have a sysadmin make room on the node; then deploy again.', cause: error });
    throw isNoArchive(error) ? damaged('The source', digest, error) : error;
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** What zstd refuses is not what was pushed. */
function isNoArchive(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ZSTD_error|Z)_/.test(String(error.code));
}

async function* atMost(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let left = most;
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (left < 0) throw new AppError('source_too_large', { detail: `The source unpacks to more than ${Math.round(most / 1024 ** 2)} MB. Keep data and build results out of the repository.` });
    yield chunk;
  }
}
