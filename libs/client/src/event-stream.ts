import { AppError, type Endpoint, Problem } from '@molo/contracts';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { AnyRequest, FollowOptions } from './client.js';
import { parseText } from './answer.js';
import { type Connection, pause, send, unreachable } from './request.js';

const firstDelayMs = 100;
const longestDelayMs = 5_000;
const defaultGiveUpAfterMs = 60_000;

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
  const position: Position = { lastEventId: options.lastEventId, ended: false, progressedAt: Date.now() };
  // The first connection has the patience of a plain request alone: a wrong address is told at once.
  let answer = await connect(connection, endpoint, request, options, position);
  for (let failures = 0; ; ) {
    const seen = position.progressedAt;
    let broke: unknown;
    try {
      yield* readEvents(endpoint, answer, position);
    } catch (error) {
      if (error instanceof AppError) throw error;
      broke = error;
    }
    if (position.ended) return;
    failures = position.progressedAt > seen ? 0 : failures + 1;
    const cause = unreachable(connection, options.signal, broke);
    answer = await joinAgain(connection, endpoint, request, options, position, cause, failures);
  }
}

async function joinAgain(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: FollowOptions, position: Position, broken: AppError, failures: number): Promise<Response> {
  let cause = broken;
  for (let attempt = failures; ; attempt++) {
    if (Date.now() - position.progressedAt > (options.giveUpAfterMs ?? defaultGiveUpAfterMs)) throw cause;
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

function connect(connection: Connection, endpoint: Endpoint, request: AnyRequest, options: FollowOptions, position: Position): Promise<Response> {
  const headers = position.lastEventId === undefined ? {} : { 'last-event-id': position.lastEventId };
  return send(connection, endpoint, request, { signal: options.signal, headers });
}

/** Reads one connection to its end. `ended` is set by the stream's `end` event and by nothing else. */
async function* readEvents(endpoint: Endpoint, answer: Response, position: Position): AsyncGenerator<unknown, void, undefined> {
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => waiting.push(event) });
  const decoder = new TextDecoder();
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      position.progressedAt = Date.now();
      parser.feed(decoder.decode(value, { stream: true }));
      for (const event of waiting.splice(0)) {
        if (event.event === 'end') {
          position.ended = true;
          return;
        }
        if (event.event === 'problem') throw problemOfEvent(event);
        const parsed = parseText(endpoint, event.data);
        position.lastEventId = event.id ?? position.lastEventId;
        yield parsed;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A stream that fails inside says so with an event `problem`, whose data is a problem document. */
function problemOfEvent(event: EventSourceMessage): AppError {
  const { code, detail } = Problem.parse(JSON.parse(event.data));
  return new AppError(code, { detail });
}
