import { Client } from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { startPostgres, startRedis } from './private-servers.js';
import { createTestDatabase, uniquePrefix, waitFor } from './index.js';

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const template = { name: 'spec', prepare: (url: string) => query(url, 'create table boat (name text); insert into boat values (\'ketch\')').then(() => undefined) };

describe('createTestDatabase', () => {
  it('clones a template for each test, so that none sees the rows of another', async () => {
    await using one = await createTestDatabase(template);
    await using other = await createTestDatabase(template);
    await query(one.url, 'delete from boat');
    expect(await query(one.url, 'select * from boat')).toEqual([]);
    expect(await query(other.url, 'select * from boat')).toEqual([{ name: 'ketch' }]);
  });

  it('makes a template once when twenty tests ask for it at the same time', async () => {
    let prepared = 0;
    const counted = { name: 'counted', prepare: () => Promise.resolve(void (prepared += 1)) };
    const databases = await Promise.all(Array.from({ length: 20 }, () => createTestDatabase(counted)));
    expect(prepared).toBe(1);
    await Promise.all(databases.map((database) => database.drop()));
  });

  it('drops a database that somebody is still connected to', async () => {
    const database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    const name = new URL(database.url).pathname.slice(1);
    expect(await query(inject('moloDatabaseUrl'), `select 1 from pg_database where datname = '${name}'`)).toEqual([]);
    await client.end().catch(() => undefined);
  });
});

describe('uniquePrefix', () => {
  it('gives each asker another one', () => {
    expect(uniquePrefix()).not.toBe(uniquePrefix());
  });
});

describe('waitFor', () => {
  it('returns the first value that counts, past errors and false', async () => {
    let asked = 0;
    const value = await waitFor(
      () => {
        asked += 1;
        if (asked === 1) throw new Error('not yet');
        return asked === 3 ? 'there' : false;
      },
      { what: 'the third question' },
    );
    expect(value).toBe('there');
  });

  it('says what it waited for when the time is over', async () => {
    await expect(waitFor(() => false, { timeoutMs: 50, what: 'a ship' })).rejects.toThrow('waited 50 ms in vain for a ship');
  });
});

describe('private servers', () => {
  it('start where no server is given, and leave nothing when they stop', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await Promise.all([postgres.stop(), redis.stop()]);
    await expect(query(postgres.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
  });
});
