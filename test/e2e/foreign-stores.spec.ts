import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, startRedis, type PrivateServer } from '@molo/testkit';
import { startOwnPlatform, type OwnPlatform } from '../../infra/services/own-platform.js';
import { checkout, command } from './platform.js';

describe('a PostgreSQL and a Redis that somebody else runs', () => {
  let postgres: PrivateServer;
  let redis: PrivateServer;
  let platform: OwnPlatform | undefined;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    platform = await startOwnPlatform('foreign', { MOLO_DATABASE_URL: postgres.url, MOLO_REDIS_URL: redis.url, MOLO_NETWORK_POOL: '10.216.0.0/16' });
  });

  afterAll(async () => {
    await platform?.end();
    await Promise.all([postgres?.stop(), redis?.stop()]);
  });

  it('hold the facts and the work of the platform that is told of them', async () => {
    expect(await inPostgres('select count(*) from apps')).toBe('0');
    expect(await command(join(checkout, 'bin/molo'), ['apps', 'create', 'borrower', '--no-remote'], { env: { MOLO_HOME: home() } })).toMatchObject({ code: 0 });
    expect(await inPostgres("select name from apps where name = 'borrower'")).toBe('borrower');
    expect(Number(await inRedis('dbsize'))).toBeGreaterThan(0);
  });

  it('are the only ones: no private one is made or runs', () => {
    expect(readdirSync(join(home(), 'services'))).toEqual(expect.arrayContaining(['control-plane', 'registry']));
    for (const name of ['postgres', 'redis']) expect(existsSync(join(home(), 'services', name)), name).toBe(false);
    expect(existsSync(join(home(), 'postgres/data'))).toBe(false);
    expect(programsUnder(home())).toContain('docker-registry');
    expect(programsUnder(home()).filter((program) => ['postgres', 'redis-server'].includes(program))).toEqual([]);
  });

  it('run on with all their data when the platform stops', async () => {
    await platform?.end();
    platform = undefined;
    expect(await inPostgres("select name from apps where name = 'borrower'")).toBe('borrower');
    expect(await inRedis('ping')).toBe('PONG');
  });

  const home = () => platform?.settings['MOLO_HOME'] ?? '';
  const inPostgres = async (query: string) => printed(await command('psql', [postgres.url, '-AtXc', query]));
  const inRedis = async (request: string) => printed(await command('redis-cli', ['-u', redis.url, request]));
});

function printed({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): string {
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** Programs that name a folder on their command line or work in it: Redis has only its working folder to tell by. */
function programsUnder(folder: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const runsThere = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      return runsThere ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : [];
    } catch {
      return [];
    }
  });
}
