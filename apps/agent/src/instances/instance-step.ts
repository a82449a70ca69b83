import { manifestDefaults, type DesiredInstance, type InstanceObserved } from '@molo/contracts';
import type { Container } from '../engine/engine.js';
import { endFailure } from './failures.js';
import type { InstanceMemory } from './instance-memory.js';

/** All that a decision about an instance depends on. Times are milliseconds of the agent's clock. */
export interface Facts {
  /** null: nobody wants it; then it is stopped. */
  readonly desired: DesiredInstance | null;
  readonly container: Container | null;
  readonly memory: InstanceMemory;
  readonly imagePresent: boolean;
  /** What the last check of the running container said; null before the first. */
  readonly healthy: boolean | null;
  /** Since when its process has listened elsewhere than where it is waited for, alone and at rest; null while it does not. */
  readonly elsewhereSince: number | null;
  /** Connections that the ingress still has open to it; null while it has not said. */
  readonly openConnections: number | null;
  /** Time between SIGTERM and SIGKILL. */
  readonly stopMs: number;
  readonly now: number;
}

/**
 * `diagnose`: its time to become healthy is over; look once more, find out why, and call it failed.
 */
export type Action = 'none' | 'fetch-image' | 'create' | 'start' | 'diagnose' | 'terminate' | 'kill' | 'remove';

export interface Decision {
  readonly observed: InstanceObserved;
  readonly action: Action;
  readonly memory: InstanceMemory;
  /** When to decide again though nothing happened; null: only when something does. */
  readonly wakeAt: number | null;
}

const healthyLongEnoughMs = 60_000;
const longestBackoffMs = 60_000;
const fetchAttempts = 3;
const unavailableRetryMs = 1000;
/** An app that rests this long on another port than the one expected will not come to the right one. */
const elsewhereMs = 10_000;

/** The one place where an instance's way is decided: a function of what is wanted and what is seen, with no effects. */
export function step(facts: Facts): Decision {
  const wish = facts.desired?.desired ?? 'stopped';
  const memory = withoutFuture(facts.memory, facts.now);
  switch (wish) {
    case 'running':
      return run(facts, { ...memory, drainSince: null, stopSince: null });
    case 'draining':
      return drain(facts, memory);
    case 'stopped':
      return stop(facts, memory);
  }
}

/** The machine's clock may have been set back while no agent ran: what is remembered as later than now was now. */
function withoutFuture(memory: InstanceMemory, now: number): InstanceMemory {
  const past = (at: number | null) => (at === null ? null : Math.min(at, now));
  return {
    ...memory,
    run: memory.run && { ...memory.run, since: Math.min(memory.run.since, now), healthySince: past(memory.run.healthySince) },
    retryAt: memory.retryAt === null ? null : Math.min(memory.retryAt, now + longestBackoffMs),
    drainSince: past(memory.drainSince),
    stopSince: past(memory.stopSince),
  };
}

/** What is remembered after an action failed: try again later, or give up before it was ever healthy. */
export function afterFailedAction(memory: InstanceMemory, failure: { code: NonNullable<InstanceMemory['failure']>['code']; detail: string; retryable: boolean }, now: number): InstanceMemory {
  const { code, detail } = failure;
  // An engine that does not answer is no failure of the instance: it is done as soon as the engine is back.
  if (code === 'unavailable') return { ...memory, failure: { code, detail }, retryAt: now + unavailableRetryMs };
  const givesUp = !memory.everHealthy && (!failure.retryable || memory.failuresInARow + 1 >= fetchAttempts);
  if (givesUp) return { ...memory, failure: { code, detail }, end: 'failed' };
  return { ...memory, failure: { code, detail }, failuresInARow: memory.failuresInARow + 1, retryAt: now + backoffMs(memory.failuresInARow + 1) };
}

/** 0, 1, 2, 4, … 60 seconds. */
export function backoffMs(failuresInARow: number): number {
  return failuresInARow === 0 ? 0 : Math.min(1000 * 2 ** (failuresInARow - 1), longestBackoffMs);
}

function run(facts: Facts, memory: InstanceMemory): Decision {
  if (memory.end !== null) return rest(memory.end === 'failed' ? 'failed' : 'exited', memory);
  if (facts.container === null) return begin(facts, memory);
  switch (facts.container.status) {
    case 'created':
      return waitsForRetry(facts, memory) ?? act('starting', 'start', memory);
    case 'running':
      return keep(facts, facts.container, memory);
    case 'exited':
      return ended(facts, facts.container, memory);
  }
}

function begin(facts: Facts, memory: InstanceMemory): Decision {
  if (facts.desired?.runsOnce && memory.run !== null) return vanished(memory);
  const waiting = waitsForRetry(facts, memory);
  if (waiting) return waiting;
  return facts.imagePresent ? act('starting', 'create', memory) : act('pulling', 'fetch-image', memory);
}

function waitsForRetry(facts: Facts, memory: InstanceMemory): Decision | null {
  if (memory.retryAt === null || memory.retryAt <= facts.now) return null;
  return { observed: memory.everHealthy ? 'backing_off' : 'starting', action: 'none', memory, wakeAt: memory.retryAt };
}

function keep(facts: Facts, container: Container, before: InstanceMemory): Decision {
  const run = before.run?.containerId === container.id ? before.run : { containerId: container.id, since: facts.now, healthySince: null };
  const memory = { ...before, run, retryAt: null };
  if (facts.desired?.runsOnce) return rest('starting', memory);
  if (facts.healthy ?? run.healthySince !== null) return healthy(facts, memory, run);
  if (run.healthySince !== null) return rest('unhealthy', memory);
  return becoming(facts, memory, run.since);
}

function healthy(facts: Facts, memory: InstanceMemory, run: NonNullable<InstanceMemory['run']>): Decision {
  const failuresInARow = memory.everHealthy ? memory.failuresInARow : 0;
  return rest('healthy', { ...memory, everHealthy: true, failuresInARow, failure: null, run: { ...run, healthySince: run.healthySince ?? facts.now } });
}

function becoming(facts: Facts, memory: InstanceMemory, since: number): Decision {
  const deadline = facts.desired?.health ? startDeadline(facts, facts.desired.health.startSeconds, since) : Infinity;
  if (facts.now < deadline) return { observed: 'checking', action: 'none', memory, wakeAt: deadline === Infinity ? null : deadline };
  // One that was healthy before it was started again is left running: it may yet come up.
  return memory.everHealthy ? rest('unhealthy', memory) : act('checking', 'diagnose', memory);
}

/** An app that asked for more time than is usual gets all of it, wherever it listens meanwhile. */
function startDeadline({ elsewhereSince }: Facts, startSeconds: number, since: number): number {
  const whole = since + startSeconds * 1000;
  return elsewhereSince === null || startSeconds > manifestDefaults.startSeconds ? whole : Math.min(whole, elsewhereSince + elsewhereMs);
}

function ended(facts: Facts, container: Container, before: InstanceMemory): Decision {
  const outOfMemory = container.outOfMemory && container.exitCode !== 0;
  const memory = { ...before, exitCode: container.exitCode, outOfMemory };
  if (facts.desired?.runsOnce && container.exitCode === 0) return rest('exited', { ...memory, end: 'finished', failure: null });
  const failure = endFailure(facts.desired, container);
  if (facts.desired?.runsOnce || !memory.everHealthy) return rest('failed', { ...memory, failure, end: 'failed' });
  return act('backing_off', 'remove', countRestart({ ...memory, failure }, container, facts.now));
}

/** Counts an end once, however often it is seen. */
function countRestart(memory: InstanceMemory, container: Container, now: number): InstanceMemory {
  if (memory.run?.containerId !== container.id) return memory.retryAt === null ? { ...memory, retryAt: now } : memory;
  const healthySince = memory.run.healthySince;
  const failuresInARow = healthySince !== null && now - healthySince >= healthyLongEnoughMs ? 0 : memory.failuresInARow;
  return { ...memory, run: null, restarts: memory.restarts + 1, failuresInARow: failuresInARow + 1, retryAt: now + backoffMs(failuresInARow) };
}

function vanished(memory: InstanceMemory): Decision {
  const failure = { code: 'release_process_failed', detail: 'The container of the process was removed before it was done. Deploy again to run it once more.' } as const;
  return rest('failed', { ...memory, failure, end: 'failed' });
}

function drain(facts: Facts, before: InstanceMemory): Decision {
  const memory = { ...before, drainSince: before.drainSince ?? facts.now };
  if (facts.container?.status !== 'running' || memory.stopSince !== null) return stop(facts, memory);
  const deadline = memory.drainSince + (facts.desired?.drainSeconds ?? 0) * 1000;
  if (facts.openConnections === 0 || facts.now >= deadline) return stop(facts, memory);
  return { observed: 'draining', action: 'none', memory, wakeAt: deadline };
}

function stop(facts: Facts, memory: InstanceMemory): Decision {
  if (facts.container === null) return rest('gone', memory);
  if (facts.container.status !== 'running') return act('stopping', 'remove', memory);
  if (memory.stopSince === null) return act('stopping', 'terminate', memory);
  const deadline = memory.stopSince + facts.stopMs;
  if (facts.now >= deadline) return act('stopping', 'kill', memory);
  return { observed: 'stopping', action: 'none', memory, wakeAt: deadline };
}

function rest(observed: InstanceObserved, memory: InstanceMemory): Decision {
  return { observed, action: 'none', memory, wakeAt: null };
}

function act(observed: InstanceObserved, action: Action, memory: InstanceMemory): Decision {
  return { observed, action, memory, wakeAt: null };
}
