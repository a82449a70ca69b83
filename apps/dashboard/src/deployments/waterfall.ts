import { type BuildState, isFinal } from '@molo/contracts';
import type { Moment } from './story';

export const phases = ['queued', 'awaiting_approval', 'building', 'pushing', 'releasing', 'placing', 'starting', 'checking', 'switching', 'draining', 'settling'] as const;
export type Phase = (typeof phases)[number];

export const phaseNames: Record<Phase, string> = {
  queued: 'Prepare',
  awaiting_approval: 'Approval',
  building: 'Build',
  pushing: 'Store image',
  releasing: 'Make release',
  placing: 'Place',
  starting: 'Start',
  checking: 'Check',
  switching: 'Switch',
  draining: 'Drain',
  settling: 'Settle',
};

export interface PhaseStep {
  readonly offsetMs: number;
  readonly text: string;
}

export interface PhaseBar {
  readonly phase: Phase;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: 'done' | 'running' | 'failed';
  readonly steps: readonly PhaseStep[];
}

export interface Waterfall {
  readonly bars: readonly PhaseBar[];
  /** From the first event to the last, or to now while it runs. */
  readonly totalMs: number;
  readonly running: boolean;
}

const phaseByBuild: Record<BuildState, Phase | null> = {
  queued: null,
  building: 'building',
  pushing: 'pushing',
  succeeded: 'releasing',
  failed: null,
  cancelled: null,
};

interface OpenBar {
  phase: Phase;
  startMs: number;
  endMs: number | null;
  failed: boolean;
  steps: PhaseStep[];
}

/** Turns the moments of a story into one bar for each phase, one after another, but for the storing of the image, which goes on beside the start. */
export function waterfall(moments: readonly Moment[], createdAt: string, nowMs: number): Waterfall {
  const first = moments[0];
  const originMs = Math.min(Date.parse(createdAt), first === undefined ? Infinity : Date.parse(first.at));
  const bars: OpenBar[] = [{ phase: 'queued', startMs: 0, endMs: null, failed: false, steps: [] }];
  let running = true;
  for (const moment of moments) {
    const offsetMs = Math.max(0, Date.parse(moment.at) - originMs);
    if (moment.kind === 'step') tellStep(bars, { offsetMs, text: moment.text }, running);
    else running = enter(bars, moment, offsetMs) && running;
  }
  const lastMs = Math.max(...bars.map((bar) => Math.max(bar.startMs, ...bar.steps.map((step) => step.offsetMs), bar.endMs ?? 0)));
  const endMs = running ? Math.max(lastMs, nowMs - originMs) : lastMs;
  return { bars: shown(bars, endMs, running), totalMs: Math.max(endMs, 1), running };
}

/** What is told behind the end of a deployment befell its release while it settled. */
function tellStep(bars: OpenBar[], step: PhaseStep, running: boolean): void {
  if (!running && bars.at(-1)?.phase !== 'settling') bars.push({ phase: 'settling', startMs: bars.at(-1)?.endMs ?? step.offsetMs, endMs: null, failed: true, steps: [] });
  const open = bars.at(-1);
  open?.steps.push(step);
  if (open && !running) open.endMs = step.offsetMs;
}

/** Ends the bar that is open and opens the next; false where the moment ends the deployment. */
function enter(bars: OpenBar[], moment: Extract<Moment, { kind: 'state' | 'build' }>, offsetMs: number): boolean {
  const open = bars.at(-1);
  if (open === undefined) return true;
  if (moment.kind === 'build') endStoring(bars, moment.state, offsetMs);
  if (moment.kind === 'state' && isFinal(moment.state)) {
    for (const bar of bars) bar.endMs ??= offsetMs;
    open.failed ||= moment.state === 'failed' && !bars.some((bar) => bar.failed);
    return false;
  }
  const phase = moment.kind === 'build' ? phaseByBuild[moment.state] : (moment.state as Phase);
  // What was started while the image was being stored has its release.
  const isPast = phase === 'releasing' && phases.indexOf(open.phase) > phases.indexOf(phase);
  if (phase === null || phase === open.phase || isPast) return true;
  if (open.phase !== 'pushing' || moment.kind === 'build') open.endMs = offsetMs;
  bars.push({ phase, startMs: offsetMs, endMs: null, failed: false, steps: [] });
  return true;
}

/** Whatever has begun meanwhile. */
function endStoring(bars: readonly OpenBar[], state: BuildState, offsetMs: number): void {
  const storing = bars.find((bar) => bar.phase === 'pushing' && bar.endMs === null);
  if (!storing || state === 'pushing') return;
  storing.endMs = offsetMs;
  storing.failed = state === 'failed';
}

/** A wait or a hand-over of a blink with nothing to tell is left out. */
function shown(bars: readonly OpenBar[], endMs: number, running: boolean): PhaseBar[] {
  return bars
    .map((bar): PhaseBar => {
      const open = running && bar.endMs === null;
      return { phase: bar.phase, startMs: bar.startMs, endMs: bar.endMs ?? endMs, steps: bar.steps, status: open ? 'running' : bar.failed ? 'failed' : 'done' };
    })
    .filter((bar) => bar.status !== 'done' || bar.steps.length > 0 || bar.endMs - bar.startMs >= 5 || (bar.phase !== 'queued' && bar.phase !== 'releasing'));
}

const niceSteps = [1, 2, 5] as const;

/** About four round times for the scale above the bars. */
export function ticks(totalMs: number): readonly number[] {
  const rough = totalMs / 4;
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step = (niceSteps.find((nice) => nice * magnitude >= rough) ?? 10) * magnitude;
  const marks: number[] = [];
  for (let mark = 0; mark <= totalMs * 0.97; mark += step) marks.push(mark);
  return marks;
}
