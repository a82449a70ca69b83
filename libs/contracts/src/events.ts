import { z } from 'zod';
import { Failure } from './problems.js';
import { BuildState, DeploymentState } from './states.js';

/** What the ingress counted of traffic while a deployment ran. */
export const Traffic = z.object({
  requests: z.number().int(),
  failed: z.number().int(),
  connectionsDropped: z.number().int(),
  slowestMs: z.number(),
});

/** What a deployment did to traffic while it ran, from the ingress's own counters. */
export const Receipt = Traffic.extend({
  /** From the push (or the command), or from its approval where it waited for one, to live. */
  durationMs: z.number(),
  layersMoved: z.number().int(),
  bytesMoved: z.number().int(),
});
export type Receipt = z.infer<typeof Receipt>;

/** Where a log line comes from: a build, the release process, or an instance such as `web.1`. */
export const LogSource = z.string();

const told = { seq: z.number().int(), at: z.iso.datetime() };

/**
 * The journal and the log of a deployment are one stream; `seq` starts at 1 and has no gap.
 * Whoever broke off joins again after the last `seq` seen.
 */
export const DeploymentEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('state'), ...told, state: DeploymentState, failure: Failure.nullable() }),
  z.object({ kind: z.literal('build'), ...told, state: BuildState, failure: Failure.nullable() }),
  /** A step of the journal: `step` is its stable name, `text` its sentence for people. */
  z.object({ kind: z.literal('step'), ...told, step: z.string(), text: z.string(), detail: z.record(z.string(), z.unknown()).optional() }),
  /** One or more whole lines, joined by newlines, without the last newline. */
  z.object({ kind: z.literal('log'), ...told, source: LogSource, text: z.string() }),
  z.object({ kind: z.literal('receipt'), ...told, receipt: Receipt }),
]);
export type DeploymentEvent = z.infer<typeof DeploymentEvent>;

/** States in which a deployment's stream ends. */
export const finalDeploymentStates = ['live', 'superseded', 'failed', 'cancelled'] as const satisfies readonly DeploymentState[];

/** Whether a deployment in this state has ended. */
export function isFinal(state: DeploymentState): boolean {
  return (finalDeploymentStates as readonly DeploymentState[]).includes(state);
}

/** One line of an instance's log. */
export const InstanceLogLine = z.object({
  at: z.iso.datetime(),
  process: z.string(),
  instance: z.string(),
  release: z.number().int(),
  stream: z.enum(['stdout', 'stderr', 'molo']),
  text: z.string(),
});
export type InstanceLogLine = z.infer<typeof InstanceLogLine>;
