import type { DeploymentState } from '@molo/contracts';

/** Where a deployment may go from where it is. Forward only. */
export const deploymentTransitions = {
  queued: ['awaiting_approval', 'placing', 'failed', 'cancelled'],
  awaiting_approval: ['placing', 'failed', 'cancelled'],
  placing: ['starting', 'failed', 'cancelled'],
  starting: ['checking', 'failed', 'cancelled'],
  checking: ['switching', 'failed', 'cancelled'],
  switching: ['draining', 'failed'],
  draining: ['live'],
  live: ['superseded'],
  superseded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<DeploymentState, readonly DeploymentState[]>;

export type NextDeploymentState<From extends DeploymentState> = (typeof deploymentTransitions)[From][number];

/** In which a deployment is that waits for its turn: one that had to be approved, and is, was built before. */
export function waitingState({ state }: { readonly state: DeploymentState }): 'queued' | 'awaiting_approval' {
  return state === 'awaiting_approval' ? state : 'queued';
}

/** States in which a deployment can still be cancelled: traffic has not moved yet. */
export const cancellableStates: readonly DeploymentState[] = ['queued', 'awaiting_approval', 'placing', 'starting', 'checking'];

const order: readonly DeploymentState[] = ['queued', 'awaiting_approval', 'placing', 'starting', 'checking', 'switching', 'draining', 'live'];

/** Whether a deployment in `state` has left `step` behind. */
export function isPast(state: DeploymentState, step: DeploymentState): boolean {
  return order.indexOf(state) > order.indexOf(step);
}

type Failing = { [From in DeploymentState]: 'failed' extends NextDeploymentState<From> ? From : never }[DeploymentState];

/** After the switch a deployment can no longer fail: the new release serves. */
export function canFail(state: DeploymentState): state is Failing {
  return (deploymentTransitions[state] as readonly DeploymentState[]).includes('failed');
}
