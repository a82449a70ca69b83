import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultBed, moments, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { engineMayBeKilled, kill9, killedServices, type KilledService } from './services.js';

/** From the return of the program that was killed. */
const mostAfterReturnMs = 30_000;

describe('kill -9 at each step of a deployment', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('kill');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  const serving = killedServices.filter((service) => service !== 'haproxy');
  const cases = serving.flatMap((service) => moments.map((moment): [KilledService, Moment] => [service, moment]));

  it.each(cases)('of %s at %s: it goes on or fails with the reason, and everybody is served throughout', async (service, moment) => {
    if (service === 'dockerd' && !(await engineMayBeKilled())) return expect.unreachable('this engine may not be killed: it is kept by others, or without live-restore');
    let returnedAt = 0;
    const deployment = await bed.deployWith(moment, async () => {
      await kill9(service);
      returnedAt = performance.now();
    });
    expect(performance.now() - returnedAt).toBeLessThan(mostAfterReturnMs);
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });
});

describe('kill -9 of HAProxy at each step of a deployment', () => {
  it.each(moments)('at %s: it serves again within 2 s, and the deployment ends', async (moment) => {
    await using bed = await FaultBed.start('proxy');
    let returnedAfterMs = 0;
    const deployment = await bed.deployWith(moment, async () => {
      const killedAt = performance.now();
      await kill9('haproxy');
      returnedAfterMs = performance.now() - killedAt;
    });
    expect(returnedAfterMs).toBeLessThan(2000);
    expect(['live', 'failed']).toContain(deployment.state);
    const before = { ...bed.traffic.bystander.counts };
    await bed.deployWith('state:live', async () => {});
    expect(bed.traffic.bystander.counts).toMatchObject({ failed: before.failed, socketsDropped: before.socketsDropped });
  });
});
