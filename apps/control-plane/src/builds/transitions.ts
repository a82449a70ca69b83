import type { BuildState } from '@molo/contracts';

export const buildTransitions = {
  queued: ['building', 'succeeded', 'failed', 'cancelled'],
  building: ['pushing', 'failed', 'cancelled'],
  pushing: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<BuildState, readonly BuildState[]>;

export type NextBuildState<From extends BuildState> = (typeof buildTransitions)[From][number];
