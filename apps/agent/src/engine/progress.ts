import { createInterface } from 'node:readline';

/** One JSON line of an answer that the engine gives while it works. */
export interface ProgressEvent {
  readonly id?: string;
  readonly status?: string;
  readonly aux?: unknown;
}

/** What the engine itself says went wrong, in the midst of an answer that began as a success. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** Reads an answer to its end. Throws `EngineError` where the engine reports one in it, which dockerode's `followProgress` passes over. */
export async function* progressOf(answer: NodeJS.ReadableStream): AsyncGenerator<ProgressEvent> {
  const lines = createInterface({ input: answer, crlfDelay: Infinity });
  // Whoever leaves off reading cuts the connection; by then nothing else listens for its error.
  lines.on('error', () => undefined);
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const event = JSON.parse(line) as ProgressEvent & { readonly error?: string };
    if (event.error !== undefined) throw new EngineError(event.error);
    yield event;
  }
}
