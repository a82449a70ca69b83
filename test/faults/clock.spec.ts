import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { command, moloJson, setting } from '../e2e/platform.js';
import { canSetClocks, setClock } from './clock.js';
import { FaultBed, type Moment, moments } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { kill9, processesOfHome } from './services.js';

const hour = 3600;
const day = 24 * hour;
const jumps = moments.flatMap((moment): [string, number, Moment][] => [['forward', hour, moment], ['back', -hour, moment]]);
/** Longer than any deployment here, shorter than what the clock jumps. */
const mostDurationMs = 120_000;

describe.runIf(canSetClocks)('a clock that is set', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('clock');
  });

  afterEach(async () => {
    await setClock(await processesOfHome(), 0);
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(jumps)('an hour %s (%d s) at %s: the deployment goes on as if nothing had been', async (_where, seconds, moment) => {
    const deployment = await bed.deployWith(moment, async () => setClock(await processesOfHome(), seconds));
    expect(deployment).toMatchObject({ state: 'live', failure: null });
    expect(deployment.receipt?.durationMs).toBeGreaterThan(0);
    expect(deployment.receipt?.durationMs).toBeLessThan(mostDurationMs);
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('an hour forward and back while nothing is deployed: no state moves, and the newest deployment stays the newest', async () => {
    const before = await bed.deployments();
    for (const seconds of [hour, -hour, 0]) {
      await setClock(await processesOfHome(), seconds);
      await waitFor(nodeIsHeard, { timeoutMs: 30_000, what: 'the node to be heard again' });
      expect(await bed.deployments()).toEqual(before);
    }
    await bed.change();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expect((await bed.deployments()).slice(1).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expectNothingLost(bed);
  });

  it.each(['agent', 'control-plane'] as const)('back while the %s is not there: what starts after that is heard and deploys', async (service) => {
    await setClock(await processesOfHome(), hour);
    const deployment = await bed.deployWith('build:building', async () => {
      await kill9(service);
      await setClock(await processesOfHome(), 0);
    });
    expect(deployment).toMatchObject({ state: 'live', failure: null });
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('lets a token end when its time has come by that clock, says so, and takes it again when the clock is right', async () => {
    const { token } = await moloJson<{ token: string }>('tokens', 'create', 'short', '--expires', '1');
    const ask = async () => {
      const { stdout } = await command('curl', ['-s', '-H', `Authorization: Bearer ${token}`, `${setting('MOLO_CONTROL_PLANE_URL')}/api/v1/apps`]);
      return JSON.parse(stdout) as { code?: string; detail?: string };
    };
    expect(await ask()).not.toHaveProperty('code');
    await setClock(await processesOfHome(), day + hour);
    expect(await ask()).toMatchObject({ code: 'credentials_refused', detail: expect.stringContaining('expired') as string });
    await setClock(await processesOfHome(), 0);
    expect(await ask()).not.toHaveProperty('code');
    expectNothingLost(bed);
  });
});

async function nodeIsHeard(): Promise<boolean> {
  const nodes = await moloJson<{ online: boolean }[]>('nodes');
  return nodes.every(({ online }) => online);
}
