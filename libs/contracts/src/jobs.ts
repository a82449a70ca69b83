import { z } from 'zod';
import { InstanceLogLine } from './events.js';

/** A kind of job: its queue, its name and the type of its data, fixed for the producer and the consumer alike. */
export interface JobDefinition<Data extends z.ZodType = z.ZodType> {
  /** Queue name; for a queue of one node `{nodeId}` stands for the node's id. */
  readonly queue: string;
  readonly name: string;
  readonly version: number;
  readonly data: Data;
  /** Two jobs with the same id are one job while the first is waiting or running. */
  readonly jobId: (data: z.output<Data>) => string;
}

/** Types both ends of a job: `produce` and `handle` of libs/queue take its data from here. */
export function defineJob<Data extends z.ZodType>(definition: JobDefinition<Data>): JobDefinition<Data> {
  return definition;
}

/** Carries a deployment from where its state says it stands to its end. */
export const runDeployment = defineJob({
  queue: 'deployments',
  name: 'deployment.run',
  version: 1,
  data: z.object({ deploymentId: z.uuid() }),
  jobId: ({ deploymentId }) => `deployment-${deploymentId}`,
});

/** Builds an image; the facts are at `GET /agent/v1/builds/:buildId`. */
export const runBuild = defineJob({
  queue: 'node-{nodeId}-builds',
  name: 'build.run',
  version: 1,
  data: z.object({ nodeId: z.uuid(), buildId: z.uuid() }),
  jobId: ({ buildId }) => `build-${buildId}`,
});

/** Ends a build that is running or waiting. */
export const cancelBuild = defineJob({
  queue: 'node-{nodeId}-control',
  name: 'build.cancel',
  version: 1,
  data: z.object({ nodeId: z.uuid(), buildId: z.uuid() }),
  jobId: ({ buildId }) => `cancel-${buildId}`,
});

/** A place in the log of an environment on one node: `file.offset`. Opaque to everybody but that node's agent. */
export const LogCursor = z.string().regex(/^\d{1,8}\.\d{1,12}$/);
export type LogCursor = z.infer<typeof LogCursor>;

/** Lines of an instances' log, and for each the place behind it, from which the reading goes on. */
export const LogPage = z.object({ lines: z.array(InstanceLogLine), ends: z.array(LogCursor) });
export type LogPage = z.infer<typeof LogPage>;

/**
 * Reads the log of an environment's instances, from a place or the last lines. Pages go to the Redis stream
 * `logs:<requestId>` under the node's prefix (field `page`: JSON of a LogPage), opened by an entry with the field `begin`
 * (a LogCursor: where the reading starts) and closed by one with `end`. The reader removes the entries that it has read; while `longestLogStream` of them lie
 * there, the agent sends no more.
 */
export const readLogs = defineJob({
  queue: 'node-{nodeId}-control',
  name: 'logs.read',
  version: 2,
  data: z.object({
    nodeId: z.uuid(),
    requestId: z.uuid(),
    environmentId: z.uuid(),
    process: z.string().nullable(),
    lines: z.number().int().min(0).max(10_000),
    from: LogCursor.nullable(),
    follow: z.boolean(),
  }),
  jobId: ({ requestId }) => `logs-${requestId}`,
});

export const longestLogStream = 50;

export const jobs = { runDeployment, runBuild, cancelBuild, readLogs } as const;
