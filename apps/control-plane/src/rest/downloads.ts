import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Download } from './endpoint.decorator.js';

/**
 * Sends a file piece by piece, as fast as it is read. When its reader goes away, may read no longer, or the platform shuts down,
 * no more pieces are asked for. Whatever breaks it off breaks the connection, so that no part passes for the whole.
 */
export async function sendDownload(response: Response, { type, fileName, pieces }: Download, signal: AbortSignal): Promise<void> {
  // Before there is a status, so that what fails at once is answered as a problem.
  const first = await pieces.next();
  response.status(200).set({ 'content-type': `${type}; charset=utf-8`, 'content-disposition': `attachment; filename="${fileName}"`, 'cache-control': 'no-store' });
  // Nest, Express and the pipeline listen for its end, a dozen in all, however long the file is.
  response.setMaxListeners(20);
  let failure: unknown;
  const rest = following(first, pieces, (error) => (failure = error));
  // Rejects also where the reader has gone, which is no failure.
  await pipeline(Readable.from(rest), response, { signal }).catch(() => undefined);
  if (failure !== undefined) throw failure;
}

async function* following(first: IteratorResult<string>, pieces: AsyncIterator<string>, failed: (error: unknown) => void): AsyncGenerator<string, void> {
  const next = () => pieces.next().catch((error: unknown) => {
    failed(error);
    throw error;
  });
  try {
    for (let piece = first; !piece.done; piece = await next()) yield piece.value;
  } finally {
    await pieces.return?.();
  }
}
