import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres, startRedis, type PrivateServer } from './private-servers.js';
import './provided.js';

interface Shared {
  readonly servers: Promise<{ postgres: PrivateServer; redis: PrivateServer }>;
  readonly runId: string;
  users: number;
}

/** Vitest runs this once for each project; the projects of one run share the servers. */
const place = globalThis as { moloTestServers?: Shared };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (place.moloTestServers ??= { servers: startServers(), runId: randomBytes(4).toString('hex'), users: 0 });
  shared.users += 1;
  const { postgres, redis } = await shared.servers;
  project.provide('moloDatabaseUrl', postgres.url);
  project.provide('moloRedisUrl', redis.url);
  project.provide('moloRunId', shared.runId);
  return () => leave(shared);
}

async function startServers(): Promise<{ postgres: PrivateServer; redis: PrivateServer }> {
  const [postgres, redis] = await Promise.all([
    given(process.env['MOLO_TEST_DATABASE_URL']) ?? startPostgres(),
    given(process.env['MOLO_TEST_REDIS_URL']) ?? startRedis(),
  ]);
  return { postgres, redis };
}

function given(url: string | undefined): PrivateServer | undefined {
  return url ? { url, stop: () => Promise.resolve() } : undefined;
}

async function leave(shared: Shared): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0) return;
  delete place.moloTestServers;
  const { postgres, redis } = await shared.servers;
  await dropDatabases(postgres.url, `molo_test_${shared.runId}_`);
  await Promise.all([postgres.stop(), redis.stop()]);
}

/** A server that was given is kept: what this run made on it goes. */
async function dropDatabases(url: string, prefix: string): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    const { rows } = await admin.query<{ datname: string }>('select datname from pg_database where starts_with(datname, $1)', [prefix]);
    for (const { datname } of rows) await admin.query(`drop database if exists ${escapeIdentifier(datname)} with (force)`);
  } finally {
    await admin.end();
  }
}
