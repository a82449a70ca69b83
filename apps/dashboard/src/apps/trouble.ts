import type { EnvironmentSummary } from '@molo/contracts';
import { releaseName, wasLive } from '../deployments/deployment-states';
import { failureSentence } from '../deployments/failure-text';

export interface Trouble {
  readonly title: string;
  readonly sentence: string;
  /** The deployment that tells why. */
  readonly deploymentId: string;
}

/** What went wrong last in an environment; null where the last deployment went well. */
export function troubleOf({ lastDeployment, liveRelease }: Pick<EnvironmentSummary, 'lastDeployment' | 'liveRelease'>): Trouble | null {
  if (lastDeployment === null) return null;
  const { id, state, failure, undoes } = lastDeployment;
  const serves = liveRelease === null ? null : releaseName(liveRelease);
  if (state === 'failed') return { title: serves === null ? 'The last deployment failed' : `The last deployment failed; ${serves} serves on`, sentence: failureSentence(failure?.detail ?? ''), deploymentId: id };
  if (failure !== null && wasLive(state)) return { title: `${serves ?? 'The last deployment'} did not settle`, sentence: failureSentence(failure.detail), deploymentId: id };
  if (undoes !== null) return { title: `Molo rolled back ${releaseName(undoes.release)}, which did not settle`, sentence: failureSentence(undoes.failure.detail), deploymentId: undoes.deploymentId };
  return null;
}
