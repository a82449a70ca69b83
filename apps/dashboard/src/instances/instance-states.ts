import type { Instance, InstanceObserved } from '@molo/contracts';
import type { Tone } from '../ui/chip';

const shown: Record<InstanceObserved, { readonly label: string; readonly tone: Tone }> = {
  pending: { label: 'Pending', tone: 'busy' },
  pulling: { label: 'Pulling', tone: 'busy' },
  starting: { label: 'Starting', tone: 'busy' },
  checking: { label: 'Checking', tone: 'busy' },
  healthy: { label: 'Healthy', tone: 'good' },
  unhealthy: { label: 'Unhealthy', tone: 'bad' },
  backing_off: { label: 'Crash-looping', tone: 'bad' },
  draining: { label: 'Draining', tone: 'busy' },
  stopping: { label: 'Stopping', tone: 'busy' },
  exited: { label: 'Exited', tone: 'quiet' },
  failed: { label: 'Failed', tone: 'bad' },
  gone: { label: 'Gone', tone: 'quiet' },
};

export function shownInstanceState(instance: Pick<Instance, 'observed'>): { readonly label: string; readonly tone: Tone } {
  return shown[instance.observed];
}

/** How an instance fares beyond its state: killed for memory, or how it ended. */
export function troubleOf({ outOfMemory, exitCode, failure, observed }: Pick<Instance, 'outOfMemory' | 'exitCode' | 'failure' | 'observed'>): string | null {
  if (outOfMemory) return failure?.detail ?? 'It used more memory than its limit and was killed for it.';
  if (failure !== null) return failure.detail;
  if (exitCode !== null && exitCode !== 0 && observed !== 'healthy') return `It ended with exit code ${exitCode}.`;
  return null;
}
