import type { TestDatabase } from '@molo/testkit';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataSource } from '../database/data-source.js';
import { createSchemaDatabase } from '../database/test-database.js';
import { createApp } from '../deployments/lifecycle-bench.js';
import { HistorySweep, keptDays, keptDeployments } from './history-sweep.js';
import { Rows } from './test-rows.js';

let database: TestDatabase;
let dataSource: DataSource;
let rows: Rows;

beforeAll(async () => {
  database = await createSchemaDatabase();
  dataSource = await createDataSource(database.url).initialize();
  rows = new Rows(dataSource);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** A deployment with one event of each kind, an instance that is gone and traffic that was counted. */
async function delivered(environmentId: string, releaseId: string, state: string, endedDaysAgo: number): Promise<string> {
  const id = await rows.deployment(environmentId, state, { releaseId, endedDaysAgo });
  await dataSource.query('update deployments set created_at = finished_at where id = $1', [id]);
  await dataSource.query(
    `insert into deployment_events (deployment_id, seq, at, kind, data) select $1, place, now(), kind, '{}' from unnest(array['state', 'build', 'step', 'log', 'receipt']) with ordinality as e (kind, place)`,
    [id],
  );
  await rows.instance(environmentId, id, releaseId, true);
  await dataSource.query(`insert into traffic_counts (deployment_id, node_id, counts) select $1, id, '{}' from nodes`, [id]);
  return id;
}

async function leftOf(deploymentId: string): Promise<{ kinds: string[]; instances: number; traffic: number }> {
  const [row] = await dataSource.query(
    `select array(select kind from deployment_events where deployment_id = $1 order by seq) as kinds,
       (select count(*)::int from instances where deployment_id = $1) as instances, (select count(*)::int from traffic_counts where deployment_id = $1) as traffic`,
    [deploymentId],
  );
  return row;
}

it('takes log, steps and instances of deployments that are both old and many back; states and receipts stay', async () => {
  const { appId, environmentId } = await createApp(dataSource, 'myapp');
  const releaseId = await rows.release(environmentId, 1, await rows.image(appId));
  const long = keptDays + 10;
  const live = await delivered(environmentId, releaseId, 'live', long + 1);
  const history = await delivered(environmentId, releaseId, 'superseded', long);
  const many = await Promise.all(Array.from({ length: keptDeployments - 2 }, () => delivered(environmentId, releaseId, 'superseded', keptDays + 1)));
  const newest = await delivered(environmentId, releaseId, 'superseded', 0);
  const { appId: otherApp, environmentId: other } = await createApp(dataSource, 'other');
  const fewButOld = await delivered(other, await rows.release(other, 1, await rows.image(otherApp)), 'failed', long);
  const running = await rows.instance(environmentId, await rows.deployment(environmentId, 'superseded', { releaseId, endedDaysAgo: long }), releaseId);

  await new HistorySweep(dataSource).sweep();

  const whole = { kinds: ['state', 'build', 'step', 'log', 'receipt'], instances: 1 };
  expect(await leftOf(history)).toEqual({ kinds: ['state', 'receipt'], instances: 0, traffic: 0 });
  expect(await leftOf(live)).toMatchObject(whole);
  expect(await leftOf(many[0]!)).toMatchObject(whole);
  expect(await leftOf(fewButOld)).toEqual({ ...whole, traffic: 0 });
  expect(await leftOf(newest)).toEqual({ ...whole, traffic: 1 });
  expect(await dataSource.query('select 1 from instances where id = $1', [running])).toHaveLength(1);
  expect(await dataSource.query('select 1 from deployments where id = $1', [history])).toHaveLength(1);
});

it('takes API tokens with which nobody can sign in any more', async () => {
  const token = (name: string, expiresDaysAgo: number | null, revokedDaysAgo: number | null) =>
    dataSource.query(
      `insert into api_tokens (id, name, token_hash, rights, expires_at, revoked_at) values (gen_random_uuid(), $1, $1, '{}', now() - make_interval(days => $2), now() - make_interval(days => $3))`,
      [name, expiresDaysAgo, revokedDaysAgo],
    );
  await token('for ever', null, null);
  await token('to come', -10, null);
  await token('of late', 1, null);
  await token('expired', keptDays + 1, null);
  await token('revoked', -10, keptDays + 1);
  await new HistorySweep(dataSource).sweep();
  expect(await dataSource.query('select name from api_tokens order by name')).toEqual([{ name: 'for ever' }, { name: 'of late' }, { name: 'to come' }]);
});
