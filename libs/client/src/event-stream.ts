import { AppError, type Endpoint } from '@molo/contracts';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { AnyRequest, FollowOptions } from './client.js';
import { parseAnswer, toldProblem } from './answer.js';
import { type Answer, type Connection, pause, send, unreachable } from './request.js';

const firstDelayMs = 100;
const longestDelayMs = 5_000;
const defaultGiveUpAfterMs = 60_000;
/** The platform writes something every 15 s: a connection that is mute for three times that is dead, though nothing closed it. */
const defaultBrokenAfterMs = 45_000;

/** Where a stream stands between two connections. */
interface Position {
  lastEventId: string | undefined;
  ended: boolean;
  progressedAt: number;
}

/**
 * Yields the events of a stream until the platform ends it. When the connection breaks it joins again after the last
 * event seen, waiting longer each time, until `giveUpAfterMs` have passed without a word.
 */
export async function* follow(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: FollowOptions): AsyncGenerator<unknown, void, undefined> {
  const position: Position = { lastEventId: options.lastEventId, ended: false, progressedAt: performance.now() };
  // The first connection has the patience of a plain request alone: a wrong address is told at once.
  let answer = await connect(connection, endpoint, request, options, position);
  for (let failures = 0; ; ) {
    const seen = position.progressedAt;
    let broke: unknown;
    try {
      yield* readEvents(endpoint, answer, position, options.brokenAfterMs ?? defaultBrokenAfterMs);
    } catch (error) {
      if (error instanceof AppError) throw error;
      broke = error;
    }
    if (position.ended) return;
    failures = position.progressedAt > seen ? 0 : failures + 1;
    const cause = unreachable(connection, options.signal, broke);
    answer = await joinAgain(connection, endpoint, request, options, position, cause, failures);
    options.onJoined?.();
  }
}

async function joinAgain(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: FollowOptions, position: Position, broken: AppError, failures: number): Promise<Answer> {
  let cause = broken;
  for (let attempt = failures; ; attempt++) {
    if (performance.now() - position.progressedAt > (options.giveUpAfterMs ?? defaultGiveUpAfterMs)) throw cause;
    options.onReconnect?.(cause);
    await pause(Math.min(firstDelayMs * 2 ** attempt, longestDelayMs), options.signal);
    try {
      return await connect(connection, endpoint, request, options, position);
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable) throw error;
      cause = error;
    }
  }
}

function connect(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: FollowOptions, position: Position): Promise<Answer> {
  const headers = position.lastEventId === undefined ? {} : { 'last-event-id': position.lastEventId };
  return send(connection, endpoint, request, { signal: options.signal, headers });
}

/** Reads one connection to its end, or until it is mute. `ended` is set by the stream's `end` event and by nothing else. */
async function* readEvents(endpoint: Endpoint, answer: Answer, position: Position, brokenAfterMs: number): AsyncGenerator<unknown, void, undefined> {
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => waiting.push(event) });
  const decoder = new TextDecoder();
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), brokenAfterMs);
      if (done) return;
      position.progressedAt = performance.now();
      parser.feed(decoder.decode(value, { stream: true }));
      for (const event of waiting.splice(0)) {
        if (event.event === 'end') {
          position.ended = true;
          return;
        }
        if (event.event === 'problem') throw problemOfEvent(event);
        const parsed = parseAnswer(endpoint, event.data);
        position.lastEventId = event.id ?? position.lastEventId;
        yield parsed;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function withinSilence<Chunk>(reading: Promise<Chunk>, longestMs: number): Promise<Chunk> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${longestMs} ms`)), longestMs);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** A stream that fails inside says so with an event `problem`, whose data is a problem document. */
function problemOfEvent(event: EventSourceMessage): AppError {
  return toldProblem(event.data) ?? new AppError('internal', { detail: 'The stream broke inside Molo, for a reason that this client does not know. Bring client and platform to one version.', cause: event.data });
}
