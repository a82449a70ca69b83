import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '@molo/testkit';
import type { DataSource } from 'typeorm';
import { createDataSource } from './data-source.js';
import { send } from './gathering.js';
import { SetStatement } from './set-statement.js';
import { SharedTransactions } from './shared-transactions.js';
import { createSchemaDatabase } from './test-database.js';

interface Given {
  readonly name: string;
  readonly words: readonly string[];
  readonly facts: unknown;
  readonly at: Date | null;
}

const echo = new SetStatement<Given, { name: string; words: string[]; facts: unknown; at: Date | null; together: number }>(
  { name: 'text', words: 'text[]', facts: 'jsonb', at: 'timestamptz' },
  'select n, name, words, facts, "at", (select count(*) from given)::integer as together from given',
);
const add = new SetStatement<{ readonly name: string }, { xid: string }>({ name: 'text' }, 'insert into things (name) select name from given returning (select n from given where given.name = things.name) as n, pg_current_xact_id()::text as xid');

describe('a set statement', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let transactions: SharedTransactions;
  const names = async () => (await dataSource.query('select name from things order by name')).map(({ name }: { name: string }) => name);

  beforeAll(async () => {
    database = await createSchemaDatabase();
    dataSource = await createDataSource(database.url).initialize();
    transactions = new SharedTransactions(dataSource);
    await dataSource.query('create table things (name text primary key)');
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('hands each who asks its own rows, with what was given as it was given', async () => {
    const given: Given[] = [
      { name: 'plain', words: [], facts: null, at: null },
      { name: `'"\\{},;\n$1`, words: ['', 'a b', '"', '\\', 'null', '{}', ',', "'"], facts: { deep: ['"', '\\', null, 1.5, { a: '{}' }] }, at: new Date('2026-02-03T04:05:06.789Z') },
      { name: 'NULL', words: ['NULL'], facts: ['x'], at: null },
    ];
    const apart = await Promise.all(given.map((one) => dataSource.transaction((manager) => send(manager, echo, one))));
    expect(apart).toEqual(given.map((one) => [{ ...one, together: 1 }]));
    const looked = await Promise.all(given.map((one) => send(dataSource.manager, echo, one)));
    expect(looked).toEqual(given.map((one) => [{ ...one, together: 3 }]));
    const shared = await Promise.all(given.map((one) => transactions.run('echo', one.name, (manager) => send(manager, echo, one))));
    expect(shared).toEqual(given.map((one) => [{ ...one, together: 3 }]));
  });

  it('is sent once for all who share a transaction, step by step, and what is no set statement is sent for each', async () => {
    const steps = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        transactions.run('steps', name, async (manager) => {
          const [added] = await send(manager, add, { name });
          const [{ count }] = await manager.query('select count(*)::integer as count from things where name = any($1)', [['a', 'b', 'c']]);
          return { xid: added!.xid, count };
        }),
      ),
    );
    expect(new Set(steps.map(({ xid }) => xid)).size).toBe(1);
    expect(steps.map(({ count }) => count)).toEqual([3, 3, 3]);
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('undoes nothing of the others where one fails, whether the database refuses or the step itself', async () => {
    const done = await Promise.allSettled([
      transactions.run('failing', 'd', (manager) => send(manager, add, { name: 'd' })),
      transactions.run('failing', 'again', (manager) => send(manager, add, { name: 'a' })),
      transactions.run('failing', 'refused', async (manager) => {
        await send(manager, add, { name: 'refused' });
        throw new Error('it does not want to');
      }),
      transactions.run('failing', 'e', (manager) => send(manager, add, { name: 'e' })),
    ]);
    expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(done[1]).toMatchObject({ reason: { message: expect.stringContaining('duplicate key') } });
    expect(done[2]).toMatchObject({ reason: { message: 'it does not want to' } });
    expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('of a step that waits for a row keeps nobody waiting, neither who shares its transaction nor who comes later', async () => {
    const holder = dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query(`select 1 from things where name = 'a' for update`);
    let isHeld = true;
    const slow = transactions.run('waiting', 'a', (manager) => manager.query(`update things set name = name where name = 'a'`)).then(() => isHeld);
    await transactions.run('waiting', 'f', (manager) => send(manager, add, { name: 'f' }));
    await transactions.run('waiting', 'g', (manager) => send(manager, add, { name: 'g' }));
    isHeld = false;
    await holder.rollbackTransaction();
    await holder.release();
    expect(await slow).toBe(false);
    expect(await names()).toEqual(expect.arrayContaining(['f', 'g']));
  });
});
