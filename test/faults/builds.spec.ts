import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setting, visit } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { Latency } from './latency.js';

const base = 'FROM molo/stack:debian-12\n';
/** The noise of a machine at rest: below that, twice as slow says nothing. */
const leastCalmMs = 15;

/** What a build does, and the code of the failure that it is to end with; null: it may succeed. */
const builds: readonly [what: string, dockerfile: string, code: string | null][] = [
  ['hangs', `${base}RUN sleep 1000000\n`, 'build_timed_out'],
  ['prints 100 MB', `${base}RUN yes "a line of a build that says much" | head -c 100000000\nCMD ["true"]\n`, null],
  ['forks without end', `${base}RUN f() { f | f & }; f; wait; sleep 600\n`, 'any'],
  ['eats all memory', `${base}RUN tail /dev/zero\n`, 'build_out_of_memory'],
  ['writes 10 GB', `${base}RUN head -c 10000000000 /dev/zero > /big && rm /big\nCMD ["true"]\n`, null],
  ['opens a thousand sockets', `${base}RUN bash -c 'for i in $(seq 1 1000); do exec {fd}<>/dev/tcp/127.0.0.1/1 || true; done; exit 7' 2>/dev/null\n`, 'build_step_failed'],
];

describe('a build that', () => {
  let bed: FaultBed;
  let calmMs: number;

  beforeAll(async () => {
    bed = await FaultBed.start('builds');
    calmMs = Math.max(leastCalmMs, await new Latency(bed.bystander.app, Number(setting('MOLO_HTTP_PORT'))).p99Within(10_000));
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(builds)('%s ends at its limit with the reason, and its neighbours hardly notice', async (_what, dockerfile, code) => {
    await bed.subject.write('Dockerfile', dockerfile);
    await bed.subject.commit('Misbehave');
    const latency = new Latency(bed.bystander.app, Number(setting('MOLO_HTTP_PORT')));
    const measuring = latency.p99Until(bed.subject.push());
    const id = await bed.newDeployment();
    const deployment = await bed.untilOver(id, 240_000);
    const busyMs = await measuring;
    if (code !== null) expect(deployment.state).toBe('failed');
    if (code !== null && code !== 'any') expect(deployment.failure?.code).toBe(code);
    expect(busyMs, 'p99 of the bystander in ms').toBeLessThan(2 * calmMs);
    await expectInvariants(bed, deployment);
    expect((await visit(bed.subject.app, '/version')).status).toBe(200);
    expectNothingLost(bed);
  });
});
