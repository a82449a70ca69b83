import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isFinal } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { randomFaultsMinutes, randomFaultsSeed } from './config.js';
import { FaultBed } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { engineMayBeKilled, freeze, kill9, redis, startService, stopService } from './services.js';

/** HAProxy is left out: its own death fails requests, which all else must not. */
const programs = ['control-plane', 'agent', 'redis', 'postgres', 'registry', 'dockerd'] as const;
const mostFaultsAtOnce = 3;
/** A round begins with a change; its faults fall anywhere within the time that a change takes. */
const latestFaultMs = 4000;
const longestAbsenceMs = 10_000;
const roundIsOverMs = 120_000;

type Change = 'push' | 'config' | 'rollback' | 'redeploy';

interface Fault {
  readonly kind: 'kill' | 'freeze' | 'stop' | 'flush';
  readonly program: (typeof programs)[number];
  readonly afterMs: number;
  readonly forMs: number;
}

interface Round {
  readonly change: Change;
  readonly faults: readonly Fault[];
}

const faults = fc.record<Fault>({
  kind: fc.constantFrom('kill', 'kill', 'freeze', 'stop', 'flush'),
  program: fc.constantFrom(...programs),
  afterMs: fc.integer({ min: 0, max: latestFaultMs }),
  forMs: fc.integer({ min: 100, max: longestAbsenceMs }),
});
const rounds = fc.record<Round>({
  change: fc.constantFrom('push', 'push', 'config', 'rollback', 'redeploy'),
  faults: fc.uniqueArray(faults, { minLength: 1, maxLength: mostFaultsAtOnce, selector: ({ program }) => program }),
});

let bed: FaultBed;

beforeAll(async () => {
  bed = await FaultBed.start('random');
});

afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

it(`faults at random moments for ${randomFaultsMinutes} minutes (seed ${randomFaultsSeed}) lose nothing and leave nothing stuck`, { timeout: (randomFaultsMinutes + 10) * 60_000 }, async () => {
  const until = performance.now() + randomFaultsMinutes * 60_000;
  const mayKillEngine = await engineMayBeKilled();
  let number = 0;
  for (const round of fc.sample(rounds, { seed: randomFaultsSeed, numRuns: 10_000 })) {
    if (performance.now() > until) break;
    number += 1;
    const story = `round ${number}: ${round.change}, ${round.faults.map(({ kind, program, afterMs, forMs }) => `${kind} ${program} after ${afterMs} ms for ${forMs} ms`).join(', ')}`;
    process.stdout.write(`${story}\n`);
    await survive({ ...round, faults: round.faults.filter(({ program }) => program !== 'dockerd' || mayKillEngine) }).catch((error: unknown) => {
      throw new Error(`${story} (seed ${randomFaultsSeed})`, { cause: error });
    });
  }
  expect(number).toBeGreaterThan(0);
});

async function survive({ change, faults: injected }: Round): Promise<void> {
  const begun = begin(change);
  await Promise.all(injected.map(inject));
  await begun;
  const [newest] = await waitFor(
    async () => {
      const deployments = await bed.deployments().catch(() => []);
      return deployments.length > 0 && deployments.every(({ state }) => isFinal(state)) ? deployments : null;
    },
    { timeoutMs: roundIsOverMs, what: 'every deployment to be over' },
  );
  if (newest) await expectInvariants(bed, newest);
  expectNothingLost(bed);
}

/** It may be refused while what it needs is away; then nothing is to come of it. */
async function begin(change: Change): Promise<void> {
  const params = { app: bed.subject.app, environment: 'production' };
  const { molo } = bed;
  if (change === 'push') {
    await bed.change();
    await bed.subject.push();
    return;
  }
  const asked = {
    config: () => molo.updateConfig({ params, body: { set: { ROUND: String(performance.now()) } } }),
    rollback: () => molo.rollBack({ params, body: {} }),
    redeploy: () => molo.redeploy({ params }),
  }[change];
  await asked().catch(() => undefined);
}

async function inject({ kind, program, afterMs, forMs }: Fault): Promise<void> {
  await pause(afterMs);
  if (kind === 'flush') return void (await redis('FLUSHALL'));
  if (kind === 'kill') return kill9(program);
  if (kind === 'freeze' || program === 'dockerd') return freeze(program, forMs);
  await stopService(program);
  await pause(forMs);
  await startService(program);
}
