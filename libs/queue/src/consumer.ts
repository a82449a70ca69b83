import { AppError } from '@molo/contracts';
import { UnrecoverableError, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { ClockWatch } from './clock-watch.js';
import { connectRedis } from './connection.js';
import { MalformedJobError, type JobHandler } from './handlers.js';
import { storedName } from './keys.js';

/** The part of a pino logger that is needed here. */
export interface QueueLog {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface ConsumerOptions {
  /** Jobs that may run at the same time. */
  readonly concurrency: number;
  /** Whose queue, for a queue of one node. */
  readonly nodeId?: string;
}

export interface ConsumerPlace {
  readonly queue: string;
  readonly prefix: string;
  /** Has the jobs that wait for a time run at once. */
  promote(): Promise<void>;
}

/**
 * With BullMQ's defaults a job of a worker killed with -9 ran again only after 61 s, and a second kill failed it for good.
 * Short locks bring it back within 15 s, and a job may be taken over as often as it has to.
 */
export const takeover = { lockDuration: 10_000, stalledInterval: 5000, maxStalledCount: 1_000_000 } as const;

const warnEveryMs = 60_000;

const longestBackoffMs = 20_000;

function backoffMs(attemptsMade: number): number {
  return Math.min(250 * 2 ** (attemptsMade - 1), longestBackoffMs);
}

/** A worker of one queue; `Queues.consume` makes it. While Redis is gone it waits and goes on by itself. */
export class Consumer {
  private readonly connection: Redis;
  private readonly worker: Worker;
  private readonly stopping = new AbortController();
  private readonly clock: ClockWatch;
  private readonly byName: ReadonlyMap<string, JobHandler>;
  /** Runs by job id. Redis may forget a job that runs here and be given it again; it is then joined, not run twice. */
  private readonly running = new Map<string, Promise<void>>();

  private silentUntil = 0;

  constructor(
    url: string,
    private readonly place: ConsumerPlace,
    handlers: readonly JobHandler[],
    options: ConsumerOptions,
    private readonly log: QueueLog,
  ) {
    this.byName = new Map(handlers.map((handler) => [storedName(handler.job), handler]));
    this.connection = connectRedis(url, 'patient');
    this.worker = new Worker(place.queue, (job, token) => this.process(job, token), {
      connection: this.connection,
      prefix: place.prefix,
      concurrency: options.concurrency,
      runRetryDelay: 500,
      settings: { backoffStrategy: backoffMs },
      ...takeover,
    });
    this.worker.on('failed', (job, error) => void this.afterFailure(job, error));
    this.worker.on('error', (error) => this.warn(place.queue, error));
    this.clock = new ClockWatch(() => void this.hurry());
  }

  /** Resolves once it listens; while Redis is gone that takes as long as Redis does. */
  async ready(): Promise<void> {
    await this.worker.waitUntilReady();
  }

  /** Takes no more jobs, lets those that run see their signal, and waits for them for `graceMs`. Never rejects. */
  async close(graceMs: number): Promise<void> {
    this.clock.end();
    // Before the signal: what the running jobs put back would come straight back here.
    const closed = this.worker.close().then(() => 'closed', () => 'closed');
    await Promise.race([this.worker.pause(true).catch(() => undefined), soon()]);
    this.stopping.abort();
    // Closing waits for the jobs that run, and for Redis, which may be gone.
    const isVain = this.running.size === 0 && this.connection.status !== 'ready';
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, isVain ? 0 : graceMs, 'late');
    });
    if ((await Promise.race([closed, deadline])) === 'late') await Promise.race([this.worker.close(true).catch(() => undefined), soon()]);
    clearTimeout(timer);
    this.connection.disconnect();
  }

  /**
   * A job that failed is tried again at a time of day. Where the clock was set back meanwhile that is far away, so all that
   * wait are tried now.
   */
  private async hurry(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        return await this.place.promote();
      } catch (error) {
        this.warn(this.place.queue, error as Error);
        await soon();
      }
    }
  }

  /** While Redis is gone a worker errs several times a second. */
  private warn(queue: string, error: Error): void {
    if (performance.now() < this.silentUntil) return;
    this.silentUntil = performance.now() + warnEveryMs;
    this.log.warn({ queue, error: error.message }, 'queue worker failed; it tries again by itself');
  }

  private async process(job: Job, token: string | undefined): Promise<void> {
    if (this.stopping.signal.aborted) return this.putBack(job, token);
    try {
      await this.runOnce(job);
    } catch (error) {
      if (this.stopping.signal.aborted) await this.putBack(job, token);
      throw isFinal(error) ? unrecoverable(error) : error;
    }
  }

  private async putBack(job: Job, token: string | undefined): Promise<never> {
    await job.moveToWait(token);
    throw new WaitingError();
  }

  private runOnce(job: Job): Promise<void> {
    const id = job.id ?? '';
    const known = this.running.get(id);
    if (known) return known;
    const run = this.run(job).finally(() => this.running.delete(id));
    this.running.set(id, run);
    return run;
  }

  private async run(job: Job): Promise<void> {
    const handler = this.byName.get(job.name);
    if (!handler) throw new MalformedJobError(`no handler for ${job.name}`);
    await handler.run(job.data, { jobId: job.id ?? '', attempt: job.attemptsMade + 1, signal: this.stopping.signal });
  }

  private async afterFailure(job: Job | undefined, error: Error): Promise<void> {
    if (!job) return;
    const reason = error instanceof UnrecoverableError && error.cause instanceof Error ? error.cause : error;
    const final = error instanceof UnrecoverableError || job.attemptsMade >= (job.opts.attempts ?? 1);
    this.log[final ? 'error' : 'warn']({ job: job.name, jobId: job.id, attempt: job.attemptsMade, err: reason }, final ? 'job failed' : 'job is tried again');
    if (!final || reason instanceof MalformedJobError) return;
    try {
      await this.byName.get(job.name)?.failed(job.data, reason);
    } catch (cause) {
      this.log.error({ job: job.name, jobId: job.id, err: cause }, 'what follows a failed job failed too');
    }
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof MalformedJobError || (error instanceof AppError && !error.retryable);
}

function unrecoverable(cause: unknown): UnrecoverableError {
  const error = new UnrecoverableError(cause instanceof Error ? cause.message : String(cause));
  error.cause = cause;
  return error;
}

async function soon(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500));
}
