import type { DeploymentState, Failure } from '@molo/contracts';
import type { NewDeploymentEvent } from './journal.js';
import type { NextDeploymentState } from './transitions.js';

/** One or more moves of a deployment that are made at once, with what the journal tells between them. A move that the table does not hold fails to compile. */
export class Course<At extends DeploymentState> {
  private constructor(
    readonly from: DeploymentState,
    readonly at: At,
    readonly events: readonly NewDeploymentEvent[],
  ) {}

  static from<From extends DeploymentState>(state: From): Course<From> {
    return new Course(state, state, []);
  }

  to<Next extends NextDeploymentState<At>>(next: Next, failure: Failure | null = null): Course<Next> {
    const state: DeploymentState = next;
    return new Course(this.from, next, [...this.events, { kind: 'state', state, failure }]);
  }

  tell(...events: readonly NewDeploymentEvent[]): Course<At> {
    return new Course(this.from, this.at, [...this.events, ...events]);
  }
}

/** A step of the journal, for people and programs. */
export function stepOf(step: string, text: string, detail?: Record<string, unknown>): NewDeploymentEvent {
  return { kind: 'step', step, text, ...(detail === undefined ? {} : { detail }) };
}
