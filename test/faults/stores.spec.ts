import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { command, setting } from '../e2e/platform.js';
import { FaultBed, moments } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { redis, startService, stopService } from './services.js';
import { fill } from './small-disk.js';

/** As long as the issue asks for; everything else waits for a condition. */
const redisAwayMs = 5 * 60_000;
/** Longer than a command to Redis is tried. */
const redisFullMs = 20_000;

describe('a store that fails in the middle of a deployment', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('stores');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it.each(moments)('Redis emptied at %s: nothing queued is lost', async (moment) => {
    const deployment = await bed.deployWith(moment, async () => expect(await redis('FLUSHALL')).toBe('OK'), { overWithinMs: 45_000 });
    expect(deployment.state).toBe('live');
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it(`Redis away for ${redisAwayMs / 60_000} minutes: what waits for it goes on when it is back`, async () => {
    const deployment = await bed.deployWith(
      'state:queued',
      async () => {
        await stopService('redis');
        await pause(redisAwayMs);
        await startService('redis');
      },
      { overWithinMs: 60_000 },
    );
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('Redis with a full disk: what is to be queued meanwhile is queued when there is room', async () => {
    await stopService('redis');
    await using disk = await tinyDiskAt(join(setting('MOLO_HOME'), 'redis'));
    await startService('redis');
    const deployment = await bed.deployWith('state:queued', async () => {
      const makeRoom = await fill(disk.folder, 0);
      await waitFor(async () => (await redis('SET', 'molo:test', 'x'.repeat(100_000))).includes('MISCONF'), { timeoutMs: 30_000, what: 'Redis to refuse writes' });
      await pause(redisFullMs);
      await makeRoom();
    });
    expect(deployment.state).toBe('live');
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('PostgreSQL refusing connections: the API says that it is away, and the deployment goes on when it is back', async () => {
    const deployment = await bed.deployWith('state:starting', async () => {
      await stopService('postgres');
      try {
        expect(await untilRefused(bed)).toBe(503);
      } finally {
        await startService('postgres');
      }
    });
    expect(deployment.state).toBe('live');
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('PostgreSQL at its limit of connections: 503, and on by itself when there is room again', async () => {
    const deployment = await bed.deployWith('state:starting', async () => {
      const crowd = await takeAllConnections();
      try {
        expect(await untilRefused(bed)).toBe(503);
      } finally {
        await Promise.all(crowd.map((client) => client.end()));
      }
    });
    expect(deployment.state).toBe('live');
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });

  it('the registry away for a moment: the build waits for it or fails with the reason', async () => {
    const deployment = await bed.deployWith('build:building', async () => {
      await stopService('registry');
      await pause(5000);
      await startService('registry');
    });
    await expectInvariants(bed, deployment);
    expectNothingLost(bed);
  });
});

/** Puts a small disk in the place of a folder of the stopped Redis, whose data are carried there and back. */
async function tinyDiskAt(folder: string): Promise<AsyncDisposable & { folder: string }> {
  const kept = `${folder}.kept`;
  const carry = (from: string, to: string) => command('cp', ['-a', `${from}/.`, to]);
  await command('cp', ['-a', folder, kept]);
  await command('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
  await carry(kept, folder);
  return {
    folder,
    [Symbol.asyncDispose]: async () => {
      await stopService('redis');
      await command('rm', ['-rf', kept]);
      await command('cp', ['-a', folder, kept]);
      await command('umount', [folder]);
      await carry(kept, folder);
      await command('rm', ['-rf', kept]);
      await startService('redis');
    },
  };
}

/** @returns the status with which the API refuses what it cannot answer */
async function untilRefused({ molo }: FaultBed): Promise<number> {
  const refusal = async () => {
    try {
      await molo.listApps();
      return null;
    } catch (error) {
      return error instanceof AppError ? error.status : null;
    }
  };
  return waitFor(refusal, { timeoutMs: 20_000, what: 'the API to notice' });
}

/** Ends the connections of everybody else, and takes each one that PostgreSQL gives. */
async function takeAllConnections(): Promise<Client[]> {
  const taken: Client[] = [];
  for (let endedOthers = false; ; ) {
    const client = new Client({ connectionString: setting('MOLO_DATABASE_URL') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      taken.push(client);
    } catch {
      if (endedOthers) return taken;
      await taken[0]?.query('select pg_terminate_backend(pid) from pg_stat_activity where not pid = any($1)', [await pidsOf(taken)]);
      endedOthers = true;
    }
  }
}

async function pidsOf(clients: readonly Client[]): Promise<number[]> {
  const answers = await Promise.all(clients.map((client) => client.query<{ pid: number }>('select pg_backend_pid() as pid')));
  return answers.flatMap(({ rows }) => rows.map(({ pid }) => pid));
}
