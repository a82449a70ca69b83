import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { Response } from 'express';
import { Log } from '../log.js';
import type { StreamEvent } from './endpoint.decorator.js';

/** One for all: nobody is told it, and a new one would note for every request where it was made. */
const closed = new Error('the connection was closed');

const keepAliveMs = 15_000;

/**
 * Server-Sent Events. A stream that came to its end says so by `event: end`; one that broke off says nothing, and the
 * client joins it again. A failure inside is `event: problem`.
 */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly shutdown = new AbortController();

  constructor(private readonly log: Log) {}

  beforeApplicationShutdown(): void {
    this.shutdown.abort();
  }

  /** Fires when the client goes away or the platform shuts down. */
  signalOf(response: Response): AbortSignal {
    const gone = new AbortController();
    response.once('close', () => gone.abort(closed));
    return AbortSignal.any([gone.signal, this.shutdown.signal]);
  }

  async send(response: Response, events: AsyncIterable<StreamEvent<unknown>>, signal: AbortSignal): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    response.flushHeaders();
    const keepAlive = setInterval(() => response.write(': keep-alive\n\n'), keepAliveMs);
    try {
      for await (const event of events) {
        if (signal.aborted) break;
        await write(response, event, signal);
      }
      if (!signal.aborted) response.write('event: end\ndata: {}\n\n');
    } catch (error) {
      if (!signal.aborted) response.write(`event: problem\ndata: ${JSON.stringify(this.problemOf(error))}\n\n`);
    } finally {
      clearInterval(keepAlive);
      // Node loses what is corked when the answer ends.
      response.uncork();
      response.end();
    }
  }

  private problemOf(error: unknown): object {
    if (error instanceof AppError) return error.toProblem();
    this.log.error({ err: error }, 'an event stream broke');
    return new AppError('internal', { detail: 'The stream broke inside Molo. Join it again.' }).toProblem();
  }
}

async function write(response: Response, event: StreamEvent<unknown>, signal: AbortSignal): Promise<void> {
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  // Events that are there at once leave as one piece.
  if (response.writableCorked === 0) {
    response.cork();
    setImmediate(() => response.uncork());
  }
  let resolve = (): void => undefined;
  const written = new Promise<void>((done) => (resolve = () => done()));
  const isTaken = response.write(`${id}data: ${JSON.stringify(event.data)}\n\n`, () => resolve());
  if (isTaken || signal.aborted) return;
  // A slow reader holds its own stream up, and nothing else. Not until 'drain': of what is corked Node (24) does not tell it where a part is written at once and the rest later.
  signal.addEventListener('abort', resolve, { once: true });
  await written;
  signal.removeEventListener('abort', resolve);
}
