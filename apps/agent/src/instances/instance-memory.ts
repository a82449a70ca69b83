import { Failure } from '@molo/contracts';
import { z } from 'zod';

/**
 * What the agent has to remember of an instance beyond what the engine shows, kept over its own restarts.
 * Times are milliseconds of the agent's clock.
 */
export const InstanceMemory = z.object({
  /** Whether it was ever healthy: from then on it is started again when it ends. */
  everHealthy: z.boolean(),
  /** The container that runs or ran last. */
  run: z.object({ containerId: z.string(), since: z.number(), healthySince: z.number().nullable() }).nullable(),
  restarts: z.number().int(),
  /** Failures in a row; each doubles the pause before the next start. */
  failuresInARow: z.number().int(),
  retryAt: z.number().nullable(),
  exitCode: z.number().int().nullable(),
  outOfMemory: z.boolean(),
  failure: Failure.nullable(),
  /** `failed` and `finished` are ends: nothing is started any more. */
  end: z.enum(['failed', 'finished']).nullable(),
  drainSince: z.number().nullable(),
  /** When SIGTERM had gone out. An engine that did not take it is asked again: no process is killed that was not told to end. */
  stopSince: z.number().nullable(),
});
export type InstanceMemory = z.infer<typeof InstanceMemory>;

export const blankMemory: InstanceMemory = {
  everHealthy: false,
  run: null,
  restarts: 0,
  failuresInARow: 0,
  retryAt: null,
  exitCode: null,
  outOfMemory: false,
  failure: null,
  end: null,
  drainSince: null,
  stopSince: null,
};
