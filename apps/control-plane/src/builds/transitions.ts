import type { BuildState } from '@molo/contracts';

/** Where a build may go from where it is. Forward only; a report that was overtaken by a later one is passed over. */
export const buildTransitions = {
  // Straight from here where the image of an earlier build is taken.
  queued: ['building', 'succeeded', 'failed', 'cancelled'],
  building: ['pushing', 'succeeded', 'failed', 'cancelled'],
  pushing: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<BuildState, readonly BuildState[]>;
