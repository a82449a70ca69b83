import { randomUUID } from 'node:crypto';
import type { AppManifest } from '@molo/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { hashSecret, randomSecret } from '../access/secret-text.js';
import { releaseContext } from '../releases/releases.service.js';
import { SecretBox } from '../secrets/secret-box.js';

export interface Fleet {
  readonly apps: number;
  readonly nodes: number;
  /** How many of the nodes are ingresses, too. */
  readonly ingresses: number;
}

export interface FleetNode {
  readonly id: string;
  readonly token: string;
}

const resources = { memoryBytes: 64 * 1024 ** 2, cpus: 1, pids: 64 };
const manifest: AppManifest = {
  version: '1.1',
  builder: 'node',
  processes: { web: { command: 'node server.js', resources } },
  port: 8080,
  health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 1, timeoutSeconds: 1, startSeconds: 30 },
  drainSeconds: 1,
  stopSeconds: 1,
  settleSeconds: 30,
  buildSecrets: [],
};
const layers = [{ kind: 'source', diffId: `sha256:${'a'.repeat(64)}`, digest: `sha256:${'b'.repeat(64)}`, bytes: 1000, createdBy: 'COPY', moved: true }];

/**
 * Fills a database with apps that run on nodes nobody has: for measuring the control plane at size. Each app has two releases
 * whose deployments are over, with their journals, and one instance of the newer one.
 * @returns the nodes, the ingresses first; the nodes that were there before get no roles from here on
 */
export async function seedFleet(dataSource: DataSource, masterKey: string, fleet: Fleet): Promise<FleetNode[]> {
  const box = new SecretBox(masterKey);
  const nodes = await dataSource.transaction(async (manager) => {
    const seeded = await seedNodes(manager, fleet);
    await manager.query(`create temporary table seed on commit drop as select n, 'fleet-' || lpad(n::text, 5, '0') as app, gen_random_uuid() as app_id, gen_random_uuid() as environment_id,
      gen_random_uuid() as image_id, gen_random_uuid() as first_release, gen_random_uuid() as release_id, gen_random_uuid() as first_deployment, gen_random_uuid() as deployment_id, gen_random_uuid() as instance_id,
      ($2::uuid[])[1 + n % $3] as node_id from generate_series(1, $1::integer) n`, [fleet.apps, seeded.map(({ id }) => id), fleet.nodes]);
    for (const statement of appStatements) await manager.query(statement);
    await manager.query(imageStatement, [JSON.stringify(layers), JSON.stringify(manifest)]);
    await seedReleases(manager, box);
    for (const statement of lifeStatements) await manager.query(statement);
    await manager.query(instanceStatement, [resources.memoryBytes]);
    return seeded;
  });
  await dataSource.query('vacuum analyze');
  return nodes;
}

async function seedNodes(manager: EntityManager, { nodes, ingresses }: Fleet): Promise<FleetNode[]> {
  await manager.query(`update nodes set roles = '{}'`);
  const seeded = Array.from({ length: nodes }, () => ({ id: randomUUID(), token: randomSecret() }));
  await manager.query(
    `insert into nodes (id, name, token_hash, roles)
     select id, 'fleet-' || lpad(n::text, 4, '0'), hash, case when n <= $3 then '{instances,ingress}' else '{instances}' end::text[]
     from unnest($1::uuid[], $2::text[]) with ordinality as node (id, hash, n)`,
    [seeded.map(({ id }) => id), seeded.map(({ token }) => hashSecret(token)), ingresses],
  );
  return seeded;
}

/** The config of each is sealed for its place. */
async function seedReleases(manager: EntityManager, box: SecretBox): Promise<void> {
  const rows: { environment_id: string }[] = await manager.query('select environment_id from seed order by n');
  const sealed = (number: number) => rows.map(({ environment_id: id }) => box.seal('{}', releaseContext(id, number)));
  for (const [number, column] of [[1, 'first_release'], [2, 'release_id']] as const) {
    await manager.query(
      `insert into releases (id, environment_id, number, image_id, config_encrypted, config_keys, formation, version, reason, created_by)
       select ${column}, environment_id, $2, image_id, config, '{}', '{"web":1}', '1.' || $2 - 1, 'push', '{"kind":"molo","name":"molo"}'
       from seed join unnest($1::text[]) with ordinality as sealed (config, place) on place = n`,
      [sealed(number), number],
    );
  }
}

const appStatements = [
  `insert into apps (id, name, deploy_branch, created_by) select app_id, app, 'main', '{"kind":"molo","name":"molo"}' from seed`,
  `insert into environments (id, app_id, name, release_count, live_release_id, serving_deployment_id) select environment_id, app_id, 'production', 2, release_id, deployment_id from seed`,
];

/** What runs is in no registry, as there is nothing in it, so no deployment names it there; beside it each app has an earlier one, for the lists. */
const imageStatement = `insert into images (id, app_id, digest, engine_image_id, tree_id, bytes, layers, manifest, stored)
  select image.id, app_id, 'sha256:' || encode(sha256(image.id::text::bytea), 'hex'), 'sha256:' || encode(sha256(app_id::text::bytea), 'hex'), md5(image.id::text), 1000, $1, $2, stored
  from seed cross join lateral (values (image_id, false), (gen_random_uuid(), true)) image (id, stored)`;

const lifeStatements = [
  `insert into deployments (id, environment_id, state, reason, release_id, actor, event_seq, created_at, started_at, finished_at)
   select first_deployment, environment_id, 'superseded', 'push', first_release, '{"kind":"molo","name":"molo"}'::jsonb, 9, now() - interval '2 days', now() - interval '2 days', now() - interval '2 days' from seed
   union all select deployment_id, environment_id, 'live', 'push', release_id, '{"kind":"molo","name":"molo"}'::jsonb, 9, now() - interval '1 day', now() - interval '1 day', now() - interval '1 day' from seed`,
  `insert into deployment_events (deployment_id, seq, at, kind, data)
   select id, seq, created_at, 'step', '{"step": "instance.placed", "text": "web.1 on fleet-0001: the most free memory"}' from deployments, generate_series(1, 9) seq where state in ('live', 'superseded')`,
];

const instanceStatement = `insert into instances (id, environment_id, deployment_id, release_id, node_id, process_type, index, runs_once, command, memory_bytes, desired, serving, observed, container_id, address, was_healthy, generation)
  select instance_id, environment_id, deployment_id, release_id, node_id, 'web', 1, false, 'node server.js', $1, 'running', true, 'healthy', 'container-' || instance_id, '10.0.0.2', true, 0 from seed`;
