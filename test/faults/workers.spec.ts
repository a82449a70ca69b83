import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultBed, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { kill9, pidOf } from './services.js';

const kills = 3;
/** Longer than every lock, lease and time limit between the programs. */
const freezeMs = 90_000;
const workers = ['control-plane', 'agent'] as const;
const steps = ['build:building', 'state:starting', 'state:switching'] as const satisfies readonly Moment[];
const cases = workers.flatMap((worker) => steps.map((step): [(typeof workers)[number], Moment] => [worker, step]));

describe('a worker that fails at one step of a deployment', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('workers');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(cases)(`%s killed with -9 ${kills} times from %s on: the deployment is carried on each time, and goes live`, async (worker, step) => {
    const deployment = await bed.deployWith(step, async () => {
      for (let count = 0; count < kills; count += 1) await kill9(worker);
    });
    expect(deployment.state).toBe('live');
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it.each(cases)(`%s frozen for ${freezeMs / 1000} s from %s on: once it is woken it acts on what is true then`, async (worker, step) => {
    const deployment = await bed.deployWith(
      step,
      async () => {
        const pid = await pidOf(worker);
        process.kill(pid, 'SIGSTOP');
        try {
          await pause(freezeMs);
        } finally {
          process.kill(pid, 'SIGCONT');
        }
      },
      { overWithinMs: 60_000 },
    );
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });
});
