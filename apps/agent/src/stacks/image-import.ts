import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { AppError } from '@molo/contracts';
import type Docker from 'dockerode';
import { EngineError, progressOf } from '../engine/progress.js';

/** `docker import`: one tar becomes an image of one layer. Labels and further Dockerfile instructions go into its config. */
export async function importImage(docker: Docker, archive: string | Readable, reference: string, labels: Readonly<Record<string, string>>, changes: readonly string[] = []): Promise<void> {
  const [repo, tag] = splitReference(reference);
  const labelChanges = Object.entries(labels).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value)}`);
  const input = typeof archive === 'string' ? createReadStream(archive, { highWaterMark: 1024 ** 2 }) : archive;
  const connection = new AbortController();
  input.on('error', (error: Error) => connection.abort(error));
  try {
    const answer = await docker.importImage(input, { repo, tag, changes: [...labelChanges, ...changes], abortSignal: connection.signal } as unknown as { repo: string });
    for await (const _event of progressOf(answer)) continue;
  } catch (error) {
    connection.signal.throwIfAborted();
    if (error instanceof EngineError) throw error;
    throw new AppError('unavailable', { detail: 'The Docker Engine broke off the import of an image. Deploy again when it answers.', cause: error });
  }
}

/** `HOST/name:tag` → `HOST/name` and `tag`. */
export function splitReference(reference: string): [repo: string, tag: string] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
