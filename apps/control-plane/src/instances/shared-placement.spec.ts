import { afterAll, beforeAll, expect, it } from 'vitest';
import { SharedTransactions } from '../database/shared-transactions.js';
import { LifecycleBench } from '../deployments/lifecycle-bench.js';
import { seedFleet } from '../fleet/seed-fleet.js';
import { ImagesService } from '../images/images.service.js';
import { ReleasesService } from '../releases/releases.service.js';
import { InstancesService } from './instances.service.js';

const apps = 30;
const nodes = 3;

let bench: LifecycleBench;

beforeAll(async () => {
  bench = await LifecycleBench.start();
  await seedFleet(bench.dataSource, 'ab'.repeat(32), { apps, nodes, ingresses: 1 });
  await bench.dataSource.query(`update nodes set last_seen_at = now(), figures = '{"memoryBytes": 8589934592}'`);
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

it('spreads what is placed in one transaction over the nodes as if one had come after the other', async () => {
  const { dataSource, module } = bench;
  const [instances, images, releases] = [module.get(InstancesService), module.get(ImagesService), module.get(ReleasesService)];
  const environments: { id: string; deployment: string; release: string }[] = await dataSource.query(
    `select e.id, d.id as deployment, live_release_id as release from environments e join deployments d on d.environment_id = e.id and d.id <> e.serving_deployment_id`,
  );
  expect(environments).toHaveLength(apps);
  const wanted = { processType: 'web', count: 1, runsOnce: false, kept: [] };
  const transactionIds = await Promise.all(
    environments.map(({ id, deployment, release: releaseId }) =>
      module.get(SharedTransactions).run('placing', id, async (manager) => {
        const release = await releases.find(manager, releaseId);
        await instances.want(manager, deployment, release, await images.find(manager, release.imageId), [], wanted);
        const [{ xid }] = await manager.query('select pg_current_xact_id()::text as xid');
        return xid as string;
      }),
    ),
  );
  expect(new Set(transactionIds).size).toBe(1);
  const placed: { count: number }[] = await dataSource.query('select count(*)::integer as count from instances group by node_id');
  const counts = placed.map(({ count }) => count);
  // Each app has one on a node already, which it does not choose again, so that the last few cannot even out all.
  expect(counts).toHaveLength(nodes);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
});
