import { z } from 'zod';

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

/** Tells a node that its desired set changed; the agent then reads it from the control plane. */
export const reconcileNode = defineJob({
  queue: 'node-{nodeId}-reconcile',
  name: 'node.reconcile',
  version: 1,
  data: z.object({ nodeId: z.uuid(), generation: z.number().int() }),
  jobId: ({ nodeId, generation }) => `reconcile-${nodeId}-${generation}`,
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

/**
 * Reads the log of an environment's instances. Lines go to the Redis stream `logs:<requestId>` under the node's prefix
 * (field `lines`: JSON array of InstanceLogLine), ended by an entry with the field `end`.
 */
export const readLogs = defineJob({
  queue: 'node-{nodeId}-control',
  name: 'logs.read',
  version: 1,
  data: z.object({
    nodeId: z.uuid(),
    requestId: z.uuid(),
    environmentId: z.uuid(),
    process: z.string().nullable(),
    lines: z.number().int().min(0).max(10_000),
    follow: z.boolean(),
  }),
  jobId: ({ requestId }) => `logs-${requestId}`,
});

export const jobs = { runDeployment, reconcileNode, runBuild, cancelBuild, readLogs } as const;
