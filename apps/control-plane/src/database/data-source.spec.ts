import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '@molo/testkit';
import { DataSource } from 'typeorm';
import { Deployment } from '../deployments/deployment.entity.js';
import { Image } from '../images/image.entity.js';
import { Instance } from '../instances/instance.entity.js';
import { createDataSource, migrate } from './data-source.js';
import { isDatabaseAway } from './database-failure.js';
import { Initial1764000000000 } from './migrations/1764000000000-initial.js';
import { createSchemaDatabase } from './test-database.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createSchemaDatabase();
  dataSource = await createDataSource(database.url).initialize();
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

describe('a process that is frozen in a transaction', () => {
  it('loses its locks to the others, and commits nothing once it is woken', async () => {
    const [{ idle_in_transaction_session_timeout: limit }] = await dataSource.query('show idle_in_transaction_session_timeout');
    expect(limit).toBe('20s');
    const frozen = dataSource.transaction(async (manager) => {
      await manager.query(`insert into claims (id, token_hash) values (1, 'of the frozen one')`);
      await manager.query(`set local idle_in_transaction_session_timeout = '50ms'`);
      // Blocked by the row above until PostgreSQL has ended its session.
      await dataSource.query(`insert into claims (id, token_hash) values (1, 'of another')`);
      await manager.query(`update claims set token_hash = 'of the woken one'`);
    });
    const error: unknown = await frozen.catch((reason: unknown) => reason);
    expect(isDatabaseAway(error)).toBe(true);
    expect(await dataSource.query('select token_hash from claims')).toEqual([{ token_hash: 'of another' }]);
  });
});

describe('migrations', () => {
  it('are done once when several control planes start at once', async () => {
    const sources = await Promise.all(Array.from({ length: 3 }, () => createDataSource(database.url).initialize()));
    await Promise.all(sources.map(migrate));
    await Promise.all(sources.map((source) => source.destroy()));
    const rows: { name: string; count: string }[] = await dataSource.query('select name, count(*) from migrations group by name');
    expect(new Map(rows.map(({ name, count }) => [name, count]))).toEqual(new Map(dataSource.migrations.map(({ name }) => [name, '1'])));
  });

  it('from the first release on keep what is there, and know what running instances were promised', async () => {
    const empty = await createTestDatabase({ name: 'empty', prepare: async () => {} });
    const first = await new DataSource({ ...createDataSource(empty.url).options, migrations: [Initial1764000000000] }).initialize();
    await first.runMigrations();
    for (const statement of oneRunningInstance) await first.query(statement);
    await first.destroy();
    const now = await createDataSource(empty.url).initialize();
    await migrate(now);
    expect(await now.manager.find(Deployment)).toMatchObject([{ state: 'live' }]);
    expect(await now.manager.find(Image)).toMatchObject([{ manifest: { settleSeconds: 30 } }]);
    expect(await now.manager.find(Instance)).toMatchObject([{ processType: 'web', memoryBytes: '67108864' }]);
    await now.destroy();
    await empty.drop();
  });
});

const id = '00000000-0000-4000-8000-000000000001';
const oneRunningInstance = [
  `insert into nodes (id, name, token_hash, roles) values ('${id}', 'local', 'hash', '{instances}')`,
  `insert into apps (id, name, deploy_branch, created_by) values ('${id}', 'myapp', 'main', '{}')`,
  `insert into environments (id, app_id, name) values ('${id}', '${id}', 'production')`,
  `insert into images (id, app_id, digest, engine_image_id, tree_id, bytes, layers, manifest)
   values ('${id}', '${id}', 'digest', 'image', 'tree', 1, '[]', '{"processes": {"web": {"resources": {"memoryBytes": 67108864}}}}')`,
  `insert into releases (id, environment_id, number, image_id, config_encrypted, config_keys, formation, reason, created_by)
   values ('${id}', '${id}', 1, '${id}', '', '{}', '{}', 'push', '{}')`,
  `insert into deployments (id, environment_id, state, reason, release_id, actor) values ('${id}', '${id}', 'live', 'push', '${id}', '{}')`,
  `insert into instances (id, environment_id, deployment_id, release_id, node_id, process_type, index, runs_once, desired)
   values ('${id}', '${id}', '${id}', '${id}', '${id}', 'web', 1, false, 'running')`,
];
