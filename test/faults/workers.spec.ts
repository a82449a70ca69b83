import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type MoloClient } from '@molo/client';
import type { DeploymentEvent } from '@molo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultBed, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { startSecondControlPlane } from './second-control-plane.js';
import { kill9, pidOf } from './services.js';

const kills = 3;
const mostUntilCarriedOnMs = 15_000;
/** Longer than every lock, lease and time limit between the programs. */
const freezeMs = 90_000;
const workers = ['control-plane', 'agent'] as const;
type Worker = (typeof workers)[number];
const steps = ['build:building', 'state:starting', 'state:switching'] as const satisfies readonly Moment[];
const cases = workers.flatMap((worker) => steps.map((step): [Worker, Moment] => [worker, step]));

describe('a worker that fails at one step of a deployment', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('workers');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(cases)(`%s killed with -9 ${kills} times from %s on: the deployment is carried on each time, and goes live`, async (worker, step) => {
    const killedAt: number[] = [];
    const deployment = await bed.deployWith(step, async () => {
      for (let count = 0; count < kills; count += 1) {
        killedAt.push(Date.now());
        await kill9(worker);
      }
    });
    expect(deployment.state).toBe('live');
    expectCarriedOn(await bed.eventsOf(deployment.id), killedAt);
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it.each(cases)(`%s frozen for ${freezeMs / 1000} s from %s on, and overtaken meanwhile: once it is woken it switches nothing`, async (worker, step) => {
    const version = `frozen-${worker}-${step.replace(':', '-')}`;
    await bed.subject.write('molo.yml', (await bed.subject.read('molo.yml')).replace(/version: .*/, `version: "${version}"`));
    const { subject: visitors } = bed.traffic;
    let hadSwitched = false;
    const deployment = await bed.deployWith(
      step,
      async (id) => {
        const pid = await pidOf(worker);
        process.kill(pid, 'SIGSTOP');
        try {
          await whileFrozen(worker, pid, step === 'state:switching' ? async () => undefined : (molo) => molo.cancelDeployment({ params: { deploymentId: id }, body: {} }));
          hadSwitched = visitors.firstSeen(version) !== undefined;
        } finally {
          process.kill(pid, 'SIGCONT');
        }
      },
      { overWithinMs: 60_000 },
    );
    if (step !== 'state:switching') expect(deployment.state).toBe('cancelled');
    await expectInvariants(bed, deployment);
    if (deployment.state !== 'live' && !hadSwitched) expect(visitors.firstSeen(version), `an answer of ${version}`).toBeUndefined();
    expect((await bed.deployments(1))[0]).toMatchObject({ id: deployment.id, state: deployment.state });
    expectNothingLost(bed);
  });

  /** Somebody else acts, through another control plane where the first is the one that sleeps. */
  async function whileFrozen(worker: Worker, pid: number, act: (molo: MoloClient) => Promise<unknown>): Promise<void> {
    const freeze = pause(freezeMs);
    if (worker === 'agent') await act(bed.molo);
    else {
      await using second = await startSecondControlPlane(pid);
      await act(createClient({ baseUrl: second.url, headers: { authorization: `Bearer ${bed.token}` } }));
      await freeze;
    }
    await freeze;
  }
});

/** After each kill but those that another followed, the next that the journal tells comes soon. */
function expectCarriedOn(events: readonly DeploymentEvent[], killedAt: readonly number[]): void {
  for (const event of events) {
    const at = Date.parse(event.at);
    const before = events.find(({ seq }) => seq === event.seq - 1);
    const lastKill = killedAt.findLast((killed) => killed < at);
    if (lastKill === undefined || (before && Date.parse(before.at) > lastKill)) continue;
    expect(at - lastKill, `ms from a kill to ${JSON.stringify(event)}`).toBeLessThan(mostUntilCarriedOnMs);
  }
}
