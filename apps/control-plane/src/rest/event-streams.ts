import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { Response } from 'express';
import { Revocations } from '../access/revocations.js';
import { Log } from '../log.js';
import type { StreamEvent } from './endpoint.decorator.js';

/** One for all: nobody is told it, and a new one would note for every request where it was made. */
const closed = new Error('the connection was closed');

const keepAliveMs = 15_000;
/** A session or token that runs out is noticed at the latest after this time. */
const recheckMs = 60_000;

interface OpenStream {
  /** Throws an AppError where who began it may not any more. */
  readonly mayStill: () => Promise<unknown>;
  readonly stop: AbortController;
}

/**
 * Server-Sent Events. A stream that came to its end says so by `event: end`; one that broke off says nothing, and the
 * client joins it again. A failure inside is `event: problem`, and so is the end of the right to read it.
 */
@Injectable()
export class EventStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly shutdown = new AbortController();
  private readonly open = new Set<OpenStream>();
  private recheck: NodeJS.Timeout | null = null;

  constructor(
    private readonly revocations: Revocations,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.revocations.listen(() => void this.endRevoked());
    this.recheck = setInterval(() => void this.endRevoked(), recheckMs);
  }

  beforeApplicationShutdown(): void {
    if (this.recheck) clearInterval(this.recheck);
    this.shutdown.abort();
  }

  /** Fires when the client goes away or the platform shuts down. */
  signalOf(response: Response, stop = new AbortController()): AbortSignal {
    response.once('close', () => stop.abort(closed));
    return AbortSignal.any([stop.signal, this.shutdown.signal]);
  }

  /** Fires, with an AppError as its reason, also when whoever began the stream may read on no longer. */
  watchedSignalOf(response: Response, mayStill: () => Promise<unknown>): AbortSignal {
    const stream = { mayStill, stop: new AbortController() };
    this.open.add(stream);
    response.once('close', () => this.open.delete(stream));
    return this.signalOf(response, stream.stop);
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
      if (!signal.aborted) response.write(problemEvent(this.problemOf(error)));
    } finally {
      if (signal.reason instanceof AppError) response.write(problemEvent(signal.reason));
      clearInterval(keepAlive);
      // Node loses what is corked when the answer ends.
      response.uncork();
      response.end();
    }
  }

  private async endRevoked(): Promise<void> {
    for (const { mayStill, stop } of this.open) {
      await mayStill().catch((error: unknown) => {
        if (error instanceof AppError) stop.abort(error);
        else this.log.warn({ err: error }, 'an open stream could not be checked');
      });
    }
  }

  private problemOf(error: unknown): AppError {
    if (error instanceof AppError) return error;
    this.log.error({ err: error }, 'an event stream broke');
    return new AppError('internal', { detail: 'The stream broke inside Molo. Join it again.' });
  }
}

function problemEvent(error: AppError): string {
  return `event: problem\ndata: ${JSON.stringify(error.toProblem())}\n\n`;
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
