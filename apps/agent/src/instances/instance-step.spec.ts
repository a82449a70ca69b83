import { randomUUID } from 'node:crypto';
import type { DesiredInstance } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container } from '../engine/engine.js';
import { blankMemory, type InstanceMemory } from './instance-memory.js';
import { afterFailedAction, backoffMs, step, type Action, type Decision, type Facts } from './instance-step.js';

const start = 1_000_000;

function instance(changes: Partial<DesiredInstance> = {}): DesiredInstance {
  return {
    id: randomUUID(),
    app: 'myapp',
    environment: 'production',
    environmentId: randomUUID(),
    deploymentId: randomUUID(),
    release: 1,
    version: '1.0',
    commit: null,
    processType: 'web',
    index: 1,
    desired: 'running',
    runsOnce: false,
    image: { reference: 'localhost:5443/myapp@sha256:0', digest: `sha256:${'0'.repeat(64)}`, imageId: null },
    command: null,
    env: {},
    port: 8080,
    resources: { memoryBytes: 64 * 1024 ** 2, cpus: 1, pids: 64 },
    health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 0.1, timeoutSeconds: 5, startSeconds: 30 },
    drainSeconds: 20,
    stopSeconds: 10,
    ...changes,
  };
}

function container(changes: Partial<Container> = {}): Container {
  return {
    id: 'c1',
    name: 'molo-myapp',
    labels: {},
    status: 'running',
    pid: 1,
    startedAt: new Date(start),
    finishedAt: null,
    exitCode: 0,
    outOfMemory: false,
    address: '10.213.0.2',
    imageHealth: 'none', logFile: null,
    ...changes,
  };
}

function decide(changes: Partial<Facts> = {}): Decision {
  return step({
    desired: instance(),
    container: null,
    memory: blankMemory,
    imagePresent: true,
    healthy: null,
    elsewhereSince: null,
    openConnections: null,
    stopMs: 10_000,
    now: start,
    ...changes,
  });
}

const wasHealthy: InstanceMemory = { ...blankMemory, everHealthy: true, run: { containerId: 'c1', since: start, healthySince: start } };
const exited = container({ status: 'exited', exitCode: 1, address: null });

describe('an instance that is wanted', () => {
  it('has its image fetched where the node has it not', () => {
    expect(decide({ imagePresent: false })).toMatchObject({ observed: 'pulling', action: 'fetch-image' });
  });
  it('is created from an image that is there', () => {
    expect(decide()).toMatchObject({ observed: 'starting', action: 'create' });
  });
  it('is started once it is created', () => {
    expect(decide({ container: container({ status: 'created' }) })).toMatchObject({ observed: 'starting', action: 'start' });
  });
  it('is checked from its start on, until its time is over', () => {
    expect(decide({ container: container() })).toMatchObject({ observed: 'checking', action: 'none', wakeAt: start + 30_000 });
  });
  it('is healthy when its check says so, and remembers it', () => {
    const decision = decide({ container: container(), healthy: true });
    expect(decision).toMatchObject({ observed: 'healthy', action: 'none' });
    expect(decision.memory.everHealthy).toBe(true);
  });
  it('is asked why, once its time to become healthy is over', () => {
    const memory = decide({ container: container() }).memory;
    expect(decide({ container: container(), memory, healthy: false, now: start + 30_000 })).toMatchObject({ action: 'diagnose' });
  });
  it('is asked why before its time is over, once it has rested on another port for ten seconds', () => {
    const elsewhere = { container: container(), healthy: false, elsewhereSince: start + 2000 };
    const { memory } = decide({ container: container() });
    expect(decide({ ...elsewhere, memory, now: start + 11_999 })).toMatchObject({ action: 'none', wakeAt: start + 12_000 });
    expect(decide({ ...elsewhere, memory, now: start + 12_000 })).toMatchObject({ action: 'diagnose' });
  });
  it('has all of its time, wherever it listens meanwhile, when it asked for more than is usual', () => {
    const desired = instance({ health: { ...instance().health!, startSeconds: 90 } });
    const { memory } = decide({ desired, container: container() });
    expect(decide({ desired, memory, container: container(), healthy: false, elsewhereSince: start, now: start + 89_999 })).toMatchObject({ action: 'none', wakeAt: start + 90_000 });
  });
  it('fails at once when it ends before it was ever healthy', () => {
    const decision = decide({ container: exited });
    expect(decision).toMatchObject({ observed: 'failed', action: 'none' });
    expect(decision.memory).toMatchObject({ end: 'failed', exitCode: 1, failure: { code: 'instance_exited' } });
  });
  it('is said to have used too much memory when the kernel killed it for that', () => {
    const decision = decide({ container: { ...exited, exitCode: 137, outOfMemory: true } });
    expect(decision.memory).toMatchObject({ outOfMemory: true, failure: { code: 'instance_out_of_memory' } });
  });
  it('stays failed whatever comes', () => {
    const memory: InstanceMemory = { ...blankMemory, end: 'failed', failure: { code: 'instance_exited', detail: '' } };
    expect(decide({ memory })).toMatchObject({ observed: 'failed', action: 'none' });
    expect(decide({ memory, container: container(), healthy: true })).toMatchObject({ observed: 'failed', action: 'none' });
  });
  it('is healthy still when the agent starts again and has not checked yet', () => {
    expect(decide({ container: container(), memory: wasHealthy })).toMatchObject({ observed: 'healthy', action: 'none' });
  });
  it('is unhealthy, and left running, when its check fails after it was healthy', () => {
    expect(decide({ container: container(), memory: wasHealthy, healthy: false })).toMatchObject({ observed: 'unhealthy', action: 'none' });
  });
  it('runs on with no deadline where it only has to stay running', () => {
    expect(decide({ desired: instance({ health: null }), container: container() })).toMatchObject({ observed: 'checking', wakeAt: null });
  });
});

describe('an instance that crashes after it was healthy', () => {
  it('is started again at once the first time', () => {
    const decision = decide({ container: exited, memory: wasHealthy });
    expect(decision).toMatchObject({ observed: 'backing_off', action: 'remove' });
    expect(decision.memory).toMatchObject({ restarts: 1, retryAt: start });
    expect(decide({ memory: decision.memory })).toMatchObject({ action: 'create' });
  });

  it('is counted once, however often its end is seen', () => {
    const once = decide({ container: exited, memory: wasHealthy });
    const twice = decide({ container: exited, memory: once.memory });
    expect(twice.memory.restarts).toBe(1);
    expect(twice.memory.retryAt).toBe(once.memory.retryAt);
  });

  it('waits 0, 1, 2, 4, … at most 60 seconds when it crashes again and again', () => {
    let memory = wasHealthy;
    const pauses: number[] = [];
    for (let crash = 1; crash <= 9; crash++) {
      const crashed = decide({ container: { ...exited, id: `c${crash}` }, memory: { ...memory, run: { containerId: `c${crash}`, since: start, healthySince: start } } });
      pauses.push((crashed.memory.retryAt ?? 0) - start);
      memory = crashed.memory;
    }
    expect(pauses).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(memory.restarts).toBe(9);
    expect(decide({ memory })).toMatchObject({ observed: 'backing_off', action: 'none', wakeAt: memory.retryAt });
  });

  it('starts at once again after it had been healthy for a minute', () => {
    const memory: InstanceMemory = { ...wasHealthy, failuresInARow: 6 };
    expect(decide({ container: exited, memory, now: start + 60_000 }).memory).toMatchObject({ retryAt: start + 60_000, failuresInARow: 1 });
  });

  it('gets as long as it needs to come up again', () => {
    const memory: InstanceMemory = { ...wasHealthy, run: { containerId: 'c1', since: start, healthySince: null } };
    expect(decide({ container: container(), memory, healthy: false, now: start + 60_000 })).toMatchObject({ observed: 'unhealthy', action: 'none' });
  });
});

describe('a process that runs once', () => {
  const release = instance({ runsOnce: true, processType: 'release', health: null, port: null });

  it('is done when it ends with 0', () => {
    const decision = decide({ desired: release, container: { ...exited, exitCode: 0 } });
    expect(decision).toMatchObject({ observed: 'exited', action: 'none', memory: { end: 'finished' } });
  });
  it('fails when it ends with anything else', () => {
    expect(decide({ desired: release, container: exited })).toMatchObject({ observed: 'failed', memory: { failure: { code: 'release_process_failed' } } });
  });
  it('is never run twice, though its container was taken away', () => {
    const running = decide({ desired: release, container: container() });
    expect(running.observed).toBe('starting');
    expect(decide({ desired: release, memory: running.memory })).toMatchObject({ observed: 'failed', action: 'none' });
  });
});

describe('an instance that drains', () => {
  const draining = instance({ desired: 'draining' });

  it('runs on while the ingress has connections to it, until the drain limit', () => {
    const decision = decide({ desired: draining, container: container(), memory: wasHealthy, openConnections: 2 });
    expect(decision).toMatchObject({ observed: 'draining', action: 'none', wakeAt: start + 20_000, memory: { drainSince: start } });
  });
  it('runs on while the ingress has not been asked', () => {
    expect(decide({ desired: draining, container: container(), memory: wasHealthy })).toMatchObject({ observed: 'draining', action: 'none' });
  });
  it('is asked to stop once nothing is open to it', () => {
    expect(decide({ desired: draining, container: container(), memory: wasHealthy, openConnections: 0 })).toMatchObject({ observed: 'stopping', action: 'terminate' });
  });
  it('is asked to stop at the drain limit, counted over restarts of the agent', () => {
    const memory: InstanceMemory = { ...wasHealthy, drainSince: start - 20_000 };
    expect(decide({ desired: draining, container: container(), memory, openConnections: 5 })).toMatchObject({ action: 'terminate' });
  });
  it('is not kept longer by a clock that was set back', () => {
    const memory: InstanceMemory = { ...wasHealthy, drainSince: start + 3_600_000 };
    expect(decide({ desired: draining, container: container(), memory, openConnections: 1 })).toMatchObject({ wakeAt: start + 20_000 });
  });
  it('serves on when it is wanted again', () => {
    const memory: InstanceMemory = { ...wasHealthy, drainSince: start };
    expect(decide({ container: container(), memory })).toMatchObject({ observed: 'healthy', memory: { drainSince: null } });
  });
});

describe.each([
  ['is to be stopped', instance({ desired: 'stopped' })],
  ['nobody wants', null],
])('an instance that %s', (_name, desired) => {
  it('gets SIGTERM at once', () => {
    expect(decide({ desired, container: container(), openConnections: 3 })).toMatchObject({ observed: 'stopping', action: 'terminate', memory: { stopSince: null } });
  });
  it('is left its grace period', () => {
    const memory: InstanceMemory = { ...blankMemory, stopSince: start };
    expect(decide({ desired, container: container(), memory, now: start + 9999 })).toMatchObject({ observed: 'stopping', action: 'none', wakeAt: start + 10_000 });
  });
  it('gets SIGKILL after its grace period', () => {
    const memory: InstanceMemory = { ...blankMemory, stopSince: start };
    expect(decide({ desired, container: container(), memory, now: start + 10_000 })).toMatchObject({ action: 'kill' });
  });
  it('is removed once it has ended, and then gone', () => {
    expect(decide({ desired, container: exited })).toMatchObject({ observed: 'stopping', action: 'remove' });
    expect(decide({ desired })).toMatchObject({ observed: 'gone', action: 'none' });
  });
});

describe('an action that failed', () => {
  const pullFailed = { code: 'image_pull_failed', detail: 'no route', retryable: true } as const;

  it('is done again twice, then fails an instance that was never healthy', () => {
    const first = afterFailedAction(blankMemory, pullFailed, start);
    const second = afterFailedAction(first, pullFailed, start);
    expect([first.end, second.end]).toEqual([null, null]);
    expect(first.retryAt).toBe(start + backoffMs(1));
    expect(afterFailedAction(second, pullFailed, start)).toMatchObject({ end: 'failed', failure: { code: 'image_pull_failed' } });
  });
  it('fails an instance at once when trying again cannot help', () => {
    expect(afterFailedAction(blankMemory, { code: 'instance_start_failed', detail: '', retryable: false }, start).end).toBe('failed');
  });
  it('is done again each second while the engine is down, and counts for nothing', () => {
    const memory = afterFailedAction({ ...blankMemory, failuresInARow: 2 }, { code: 'unavailable', detail: '', retryable: true }, start);
    expect(memory).toMatchObject({ end: null, failuresInARow: 2, retryAt: start + 1000 });
  });
  it('never ends an instance that had been healthy, nor one whose engine is down', () => {
    expect(afterFailedAction({ ...wasHealthy, failuresInARow: 50 }, { code: 'instance_start_failed', detail: '', retryable: false }, start).end).toBeNull();
    expect(afterFailedAction({ ...blankMemory, failuresInARow: 50 }, { code: 'unavailable', detail: '', retryable: true }, start).end).toBeNull();
  });
});

describe('every state that can be', () => {
  const facts = fc.record({
    desired: fc.option(fc.record({ desired: fc.constantFrom('running', 'draining', 'stopped'), runsOnce: fc.boolean() }).map(({ desired, runsOnce }) => instance({ desired, runsOnce }))),
    container: fc.option(fc.record({ status: fc.constantFrom('created', 'running', 'exited'), exitCode: fc.constantFrom(0, 1, 137), outOfMemory: fc.boolean() }).map((changes) => container(changes))),
    memory: fc.record({
      everHealthy: fc.boolean(),
      run: fc.option(fc.record({ containerId: fc.constantFrom('c1', 'c0'), since: fc.integer({ min: start - 90_000, max: start }), healthySince: fc.option(fc.constant(start - 70_000)) })),
      end: fc.option(fc.constantFrom('failed', 'finished')),
      retryAt: fc.option(fc.integer({ min: start - 5000, max: start + 5000 })),
      drainSince: fc.option(fc.integer({ min: start - 30_000, max: start })),
      stopSince: fc.option(fc.integer({ min: start - 30_000, max: start })),
    }).map((changes) => ({ ...blankMemory, ...changes })),
    imagePresent: fc.boolean(),
    healthy: fc.option(fc.boolean()),
    elsewhereSince: fc.option(fc.integer({ min: start - 20_000, max: start })),
    openConnections: fc.option(fc.nat(3)),
  });
  const needsContainer = new Set<Action>(['start', 'terminate', 'kill', 'remove', 'diagnose']);

  it('leads to an action that can be done there', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const decision = decide(each);
        if (needsContainer.has(decision.action)) expect(each.container).not.toBeNull();
        if (decision.action === 'create' || decision.action === 'fetch-image') expect(each.container).toBeNull();
      }),
      { numRuns: 3000 },
    );
  });

  it('decided again with what was remembered, counts no restart twice', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const once = decide(each);
        const twice = decide({ ...each, memory: once.memory });
        expect(twice.memory.restarts).toBe(once.memory.restarts);
      }),
      { numRuns: 3000 },
    );
  });

  it('never signals or removes a wanted instance that runs', () => {
    fc.assert(
      fc.property(facts, (each) => {
        if (each.desired?.desired !== 'running' || each.container?.status !== 'running') return;
        expect(['terminate', 'kill', 'remove']).not.toContain(decide(each).action);
      }),
      { numRuns: 3000 },
    );
  });
});
