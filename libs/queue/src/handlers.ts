import { jobs, type JobDefinition } from '@molo/contracts';
import type { z } from 'zod';
import type { JobKind } from './keys.js';

export interface JobContext {
  readonly jobId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Fires when this process shuts down; a handler that then rejects has its job put back, untouched, for whoever comes next. */
  readonly signal: AbortSignal;
}

export interface JobHandler {
  readonly job: JobKind;
  run(data: unknown, context: JobContext): Promise<void>;
  /** Called once when a job failed for good. */
  failed(data: unknown, error: Error): Promise<void>;
}

/** The data of a job are not what its schema says: it fails at once, and no handler of failures is told. */
export class MalformedJobError extends Error {}

/**
 * Ties a job to what does it. A retryable `AppError`, or an error that nobody foresaw, is tried again with growing pauses;
 * any other `AppError` fails the job at once.
 */
export function handle<Data extends z.ZodType>(
  job: JobDefinition<Data>,
  run: (data: z.output<Data>, context: JobContext) => Promise<void>,
  failed: (data: z.output<Data>, error: Error) => Promise<void> = async () => {},
): JobHandler {
  const parse = (data: unknown) => {
    const parsed = job.data.safeParse(data);
    if (!parsed.success) throw new MalformedJobError(`${job.name}: ${parsed.error.message}`);
    return parsed.data;
  };
  return {
    job,
    run: async (data, context) => run(parse(data), context),
    failed: async (data, error) => failed(parse(data), error),
  };
}

/** Throws unless the handlers are exactly one for each job that contracts put into their queue. */
export function assertHandlers(handlers: readonly JobHandler[], known: readonly JobKind[] = Object.values(jobs)): void {
  const queues = new Set(handlers.map((handler) => handler.job.queue));
  if (queues.size !== 1) throw new Error(`One consumer serves one queue, not ${[...queues].join(', ') || 'none'}`);
  const wanted = known.filter((job) => queues.has(job.queue));
  for (const job of wanted) {
    const count = handlers.filter((handler) => handler.job.name === job.name && handler.job.version === job.version).length;
    if (count !== 1) throw new Error(`Job ${job.name} of queue ${job.queue} has ${count} handlers, not one`);
  }
  const stranger = handlers.find((handler) => !wanted.some((job) => job.name === handler.job.name));
  if (stranger) throw new Error(`Job ${stranger.job.name} is not among the jobs of contracts`);
}
