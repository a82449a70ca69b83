import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '@molo/contracts';
import { setting } from '../e2e/platform.js';
import { FaultBed, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { startService, stopService } from './services.js';
import { SlowServer } from './slow-server.js';

const slowMs = 1000;
/** A deployment asks PostgreSQL some hundred times, most of it one after the other. */
const mostDeploymentMs = 300_000;
const mostAnswerMs = 30_000;
/** Each takes minutes. */
const moments = ['state:queued', 'state:switching'] as const satisfies readonly Moment[];

describe('a PostgreSQL that takes a second for each query', () => {
  let bed: FaultBed;
  let postgres: SlowServer;

  beforeAll(async () => {
    postgres = await SlowServer.before(Number(setting('MOLO_POSTGRES_PORT')));
    await letControlPlaneAsk(postgres.port);
    bed = await FaultBed.start('slow');
  });

  afterAll(async () => {
    postgres.delayMs = 0;
    await bed[Symbol.asyncDispose]();
    await letControlPlaneAsk(Number(setting('MOLO_POSTGRES_PORT')));
    await postgres[Symbol.asyncDispose]();
  });

  it.each(moments)('from %s on: the API answers or says that it is away, the deployment goes on, and everything is as fast again as before', async (moment) => {
    const deployment = await bed.deployWith(
      moment,
      async () => {
        postgres.delayMs = slowMs;
        await expectAnswer(bed);
      },
      { overWithinMs: mostDeploymentMs },
    );
    postgres.delayMs = 0;
    expect(deployment).toMatchObject({ state: 'live', failure: null });
    await expectInvariants(bed, deployment);
    await bed.change();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expectNothingLost(bed);
  });
});

/** Late, or with 503: never with another error, and not never. */
async function expectAnswer({ molo }: FaultBed): Promise<void> {
  const begun = performance.now();
  const answer = await molo.listApps().then(
    () => 200,
    (error: unknown) => (error instanceof AppError ? error.status : error),
  );
  expect([200, 503]).toContain(answer);
  expect(performance.now() - begun).toBeLessThan(mostAnswerMs);
}

/** Starts the control plane with a port of PostgreSQL: another one, or its own, but no socket. */
async function letControlPlaneAsk(port: number): Promise<void> {
  const file = join(setting('MOLO_HOME'), 'molo.env');
  const settings = await readFile(file, 'utf8');
  await writeFile(file, settings.replace(/^(MOLO_DATABASE_URL=.*@[^:/]+:)\d+(\/[^?'\n]*)(\?[^'\n]*)?/m, `$1${port}$2`));
  await stopService('control-plane');
  await startService('control-plane');
}
