import { type DeploymentState, isFinal, type ReleaseReason } from '@molo/contracts';
import type { Tone } from '../ui/chip';

interface ShownState {
  readonly label: string;
  readonly tone: Tone;
}

export const shownStates: Record<DeploymentState, ShownState> = {
  queued: { label: 'Queued', tone: 'busy' },
  awaiting_approval: { label: 'Awaiting approval', tone: 'warn' },
  placing: { label: 'Placing', tone: 'busy' },
  starting: { label: 'Starting', tone: 'busy' },
  checking: { label: 'Checking', tone: 'busy' },
  switching: { label: 'Switching', tone: 'busy' },
  draining: { label: 'Draining', tone: 'busy' },
  live: { label: 'Live', tone: 'good' },
  superseded: { label: 'Superseded', tone: 'quiet' },
  failed: { label: 'Failed', tone: 'bad' },
  cancelled: { label: 'Cancelled', tone: 'quiet' },
};

/** Up to the switch nothing that serves was touched, so it may still be called off. */
const cancellable: ReadonlySet<DeploymentState> = new Set<DeploymentState>(['queued', 'awaiting_approval', 'placing', 'starting', 'checking']);

export function mayBeCancelled(state: DeploymentState): boolean {
  return cancellable.has(state);
}

/** A failure of such a one is the death of an instance while the release settled. */
export function wasLive(state: DeploymentState): boolean {
  return state === 'live' || state === 'superseded';
}

export const shownReasons: Record<ReleaseReason, string> = {
  push: 'Push',
  promotion: 'Promotion',
  rollback: 'Rollback',
  redeploy: 'Redeploy',
  config: 'Config',
  scale: 'Scale',
  domains: 'Domains',
  move: 'Move',
};

/** What a deployment is called that has no release: not yet, or because it never came to one. */
export function unreleasedName(state: DeploymentState): string {
  return isFinal(state) ? 'No release' : 'New release';
}

/** `1.2 (v5)`, or `v5` where the app tells no version of its own. */
export function releaseName(release: { readonly number: number; readonly version: string | null }): string {
  return release.version === null ? `v${release.number}` : `${release.version} (v${release.number})`;
}
