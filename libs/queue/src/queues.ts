import { AppError, type JobDefinition } from '@molo/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { connectRedis } from './connection.js';
import { Consumer, type ConsumerOptions, type QueueLog } from './consumer.js';
import { assertHandlers, type JobHandler } from './handlers.js';
import { defaultRoot, placeOf, storedName } from './keys.js';

export interface ProduceOptions {
  /** Whose queue, for a queue of one node. */
  readonly nodeId?: string;
  /** Milliseconds until the job may run. */
  readonly delayMs?: number;
}

const produceTimeoutMs = 6000;

/** About a minute and a half from the first attempt to the last; the sweeper of the control plane takes over from there. */
const attempts = 10;

/**
 * The way to Redis for all work: jobs go in by `produce` and come out by `consume`, and both ends parse.
 * Redis holds work alone: whatever is in it may be lost and is then produced again from the facts.
 */
export class Queues {
  private readonly producer: Redis;
  private readonly queues = new Map<string, Queue>();
  private readonly consumers = new Map<string, Consumer>();

  constructor(
    private readonly url: string,
    private readonly log: QueueLog,
    /** First part of every key; another one keeps a test apart from its neighbours. */
    private readonly root: string = defaultRoot,
  ) {
    this.producer = connectRedis(url, 'fail-fast');
  }

  /**
   * Queues a job; while one with its id waits or runs, does nothing.
   * Throws `unavailable` within seconds when Redis is gone or hangs, and ZodError where the data are not the job's.
   */
  async produce<Data extends z.ZodType>(job: JobDefinition<Data>, data: z.input<Data>, options: ProduceOptions = {}): Promise<void> {
    const parsed = job.data.parse(data);
    const place = placeOf(job, options.nodeId, this.root);
    try {
      await within(produceTimeoutMs, this.add(place, storedName(job), parsed, job.jobId(parsed), options.delayMs ?? 0));
    } catch (cause) {
      this.forget(place);
      throw new AppError('unavailable', { detail: 'The queue (Redis) does not answer. It is tried again by itself.', cause });
    }
  }

  /** Starts a worker for the handlers' queue; they must be all of that queue's handlers. `ready` of what it returns tells when it listens. */
  async consume(handlers: readonly JobHandler[], options: ConsumerOptions): Promise<Consumer> {
    assertHandlers(handlers);
    const place = placeOf(handlers[0]!.job, options.nodeId, this.root);
    if (this.consumers.has(place.queue)) throw new Error(`Queue ${place.queue} has a consumer already`);
    const consumer = new Consumer(this.url, { ...place, promote: () => this.queue(place).promoteJobs() }, handlers, options, this.log);
    this.consumers.set(place.queue, consumer);
    return consumer;
  }

  /** Lets running jobs see their signal, waits for them for `graceMs`, then closes all connections. */
  async close(graceMs = 10_000): Promise<void> {
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.close(graceMs)));
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.producer.disconnect();
  }

  private async add(place: { queue: string; prefix: string }, name: string, data: unknown, jobId: string, delay: number): Promise<void> {
    // Finished jobs leave nothing behind: a kept one would block adding the same id again.
    const keep = { removeOnComplete: true, removeOnFail: true };
    await this.queue(place).add(name, data, { jobId, delay, attempts, backoff: { type: 'growing' }, ...keep });
  }

  private queue(place: { queue: string; prefix: string }): Queue {
    const known = this.queues.get(place.queue);
    if (known) return known;
    const queue = new Queue(place.queue, {
      connection: this.producer,
      prefix: place.prefix,
      skipWaitingForReady: true,
      streams: { events: { maxLen: 100 } },
    });
    // `produce` throws what fails; nobody else listens, and an 'error' that nobody hears would end the process.
    queue.on('error', () => undefined);
    this.queues.set(place.queue, queue);
    return queue;
  }

  /** BullMQ keeps the failure of a queue's first command for good; the next caller gets a fresh one. */
  private forget(place: { queue: string }): void {
    const queue = this.queues.get(place.queue);
    this.queues.delete(place.queue);
    queue?.close().catch(() => undefined);
  }
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
