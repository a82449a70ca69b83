import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { visit } from '../e2e/platform.js';
import { FaultBed, moments, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { engineMayBeKilled, kill9, killedServices, type KilledService } from './services.js';

/** From the return of the program that was killed. */
const mostAfterReturnMs = 30_000;
const mostProxyAbsenceMs = 2000;

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
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('proxy');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(moments)('at %s: it serves again within 2 s, and nothing fails from then on', async (moment) => {
    let returnedAfterMs = 0;
    const failed = () => bed.traffic.bystander.counts.failed;
    let failedThen = 0;
    const deployment = await bed.deployWith(moment, async () => {
      const killedAt = performance.now();
      await kill9('haproxy');
      returnedAfterMs = performance.now() - killedAt;
      await waitFor(async () => (await visit(bed.bystander.app, '/version')).status === 200, { timeoutMs: 5000, what: 'the bystander to serve' });
      failedThen = failed();
    });
    expect(returnedAfterMs).toBeLessThan(mostProxyAbsenceMs);
    await expectInvariants(bed, deployment, { isTrafficCut: true });
    expect(failed()).toBe(failedThen);
  });
});
