import { describe, expect, it } from 'vitest';
import { api } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { Client } from 'pg';
import { inject } from 'vitest';
import { TestControlPlane } from '../test-control-plane.js';

async function asAdmin(...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: inject('moloDatabaseUrl') });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

describe('while PostgreSQL is away', () => {
  it('answers "unavailable", says in its status what is down, and works again by itself', async () => {
    await using platform = await TestControlPlane.start();
    const database = new URL(platform.database.url).pathname.slice(1);
    await asAdmin(`alter database "${database}" with allow_connections false`, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`);

    const { status, problem, headers } = await waitFor(async () => {
      const answer = await platform.call(api.listApps);
      return answer.status === 503 && answer;
    }, { what: 'the database to be missed' });
    expect([status, problem.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1']);
    expect(problem.detail).not.toContain(database);
    const parts = await waitFor(async () => {
      const { ok } = await platform.call(api.status);
      return ok.parts.some((part) => part.name === 'postgres' && !part.up) && ok.parts;
    }, { what: 'the status to say so' });
    expect(parts.find((part) => part.name === 'redis')?.up).toBe(true);

    await asAdmin(`alter database "${database}" with allow_connections true`);
    await waitFor(async () => (await platform.call(api.listApps)).status === 200, { what: 'the database to be back' });
  });
});
