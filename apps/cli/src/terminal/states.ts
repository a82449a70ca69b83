import type { DeploymentState, InstanceObserved } from '@molo/contracts';
import { dim, green, type Piece, red, yellow } from './piece.js';

const good: readonly string[] = ['live', 'healthy'] satisfies (DeploymentState | InstanceObserved)[];
const bad: readonly string[] = ['failed', 'unhealthy', 'backing_off'] satisfies (DeploymentState | InstanceObserved)[];
const past: readonly string[] = ['superseded', 'cancelled', 'exited', 'gone'] satisfies (DeploymentState | InstanceObserved)[];

/** A state in its colour; the word says it all without. */
export function stateOf(state: DeploymentState | InstanceObserved): Piece {
  const words = state.replaceAll('_', ' ');
  if (good.includes(state)) return green(words);
  if (bad.includes(state)) return red(words);
  return past.includes(state) ? dim(words) : yellow(words);
}
