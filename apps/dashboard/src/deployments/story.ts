import type { BuildState, DeploymentEvent, DeploymentState, Failure, Receipt } from '@molo/contracts';
import { appendLines, emptyLog, type LogBuffer, type LogLine } from '../logs/log-buffer';

/** What happened, in order: a state, a state of the build, or a step of the journal. */
export type Moment =
  | { readonly kind: 'state'; readonly at: string; readonly state: DeploymentState }
  | { readonly kind: 'build'; readonly at: string; readonly state: BuildState }
  | { readonly kind: 'step'; readonly at: string; readonly step: string; readonly text: string };

/** A deployment as its events tell it, up to `lastSeq`. */
export interface Story {
  readonly lastSeq: number;
  readonly state: DeploymentState | null;
  readonly failure: Failure | null;
  readonly moments: readonly Moment[];
  readonly log: LogBuffer;
  readonly sources: readonly string[];
  readonly receipt: Receipt | null;
  /** Events that came before one that is still missing. */
  readonly early: ReadonlyMap<number, DeploymentEvent>;
}

export const emptyStory: Story = { lastSeq: 0, state: null, failure: null, moments: [], log: emptyLog, sources: [], receipt: null, early: new Map() };

/**
 * Takes events in any order and any number of times: each is told once, in the order of its `seq`, and those behind a
 * gap wait for what is missing.
 */
export function tell(story: Story, events: readonly DeploymentEvent[]): Story {
  const waiting = new Map(story.early);
  for (const event of events) if (event.seq > story.lastSeq) waiting.set(event.seq, event);
  const next: DeploymentEvent[] = [];
  for (let seq = story.lastSeq + 1; ; seq++) {
    const event = waiting.get(seq);
    if (event === undefined) break;
    waiting.delete(seq);
    next.push(event);
  }
  if (next.length === 0) return waiting.size === story.early.size ? story : { ...story, early: waiting };
  return { ...withEvents(story, next), early: waiting };
}

/** Whether an event is missing: those after it are there. */
export function hasGap(story: Story): boolean {
  return story.early.size > 0;
}

function withEvents(story: Story, events: readonly DeploymentEvent[]): Story {
  const lines: Omit<LogLine, 'id'>[] = [];
  const moments = [...story.moments];
  let { state, failure, receipt, lastSeq } = story;
  for (const event of events) {
    lastSeq = event.seq;
    switch (event.kind) {
      case 'state':
        state = event.state;
        failure = event.failure ?? failure;
        moments.push({ kind: 'state', at: event.at, state: event.state });
        break;
      case 'build':
        failure = event.failure ?? failure;
        moments.push({ kind: 'build', at: event.at, state: event.state });
        break;
      case 'step':
        moments.push({ kind: 'step', at: event.at, step: event.step, text: event.text });
        break;
      case 'log':
        for (const text of event.text.split('\n')) lines.push({ at: event.at, source: event.source, text, tone: 'plain' });
        break;
      case 'receipt':
        receipt = event.receipt;
        break;
    }
  }
  const sources = [...new Set([...story.sources, ...lines.map((line) => line.source)])];
  return { ...story, lastSeq, state, failure, receipt, moments, log: appendLines(story.log, lines), sources: sources.length === story.sources.length ? story.sources : sources };
}
