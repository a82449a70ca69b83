import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { residentBytesOf } from '../../infra/bench/process-use.js';
import { command, setting } from '../e2e/platform.js';
import { killedServices, pidOf, processesOfHome } from './services.js';

/** What the platform takes of its machine, its memory apart. */
export interface Footprint {
  readonly files: Readonly<Record<string, number>>;
  readonly processes: number;
  /** Rules that name the platform's networks or addresses in them. */
  readonly iptablesRules: number;
  readonly containers: number;
  readonly networks: number;
  readonly redisKeys: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly registryBytes: number;
  readonly homeBytes: number;
}

export async function footprint(): Promise<Footprint> {
  const networks = await linesOf('docker', 'network', 'ls', '--no-trunc', '--filter', 'label=molo.managed=true', '--filter', `label=molo.node=${await nodeId()}`, '--format', '{{.ID}}');
  return {
    files: Object.fromEntries(await Promise.all(services.map(async (service) => [service, (await readdir(`/proc/${await pidOf(service)}/fd`)).length] as const))),
    processes: (await processesOfHome()).length + (await shims()).length,
    iptablesRules: (await linesOf('iptables-save')).filter((line) => isOurRule(line, networks)).length,
    containers: (await containers()).length,
    networks: networks.length,
    redisKeys: await redisKeys(),
    rows: await rows(),
    registryBytes: await bytesOf('registry'),
    homeBytes: await homeBytes(),
  };
}

/** The engine is shared with others. */
const services = killedServices.filter((service) => service !== 'dockerd');

/** Memory of each program. */
export async function residentBytes(): Promise<Record<string, number>> {
  return Object.fromEntries(await Promise.all(services.map(async (service) => [service, residentBytesOf(await pidOf(service))] as const)));
}

/** Ids of the platform's images on the engine. */
export async function imagesOf(app: string): Promise<string[]> {
  const ids = await linesOf('docker', 'images', '--no-trunc', '--quiet', '--filter', `reference=${setting('MOLO_REGISTRY_HOST')}/${app}`);
  return [...new Set(ids)];
}

async function nodeId(): Promise<string> {
  return (await readFile(join(setting('MOLO_HOME'), 'agent/node.id'), 'utf8')).trim();
}

async function containers(): Promise<string[]> {
  return linesOf('docker', 'ps', '--all', '--no-trunc', '--quiet', '--filter', `label=molo.node=${await nodeId()}`);
}

/** Of the platform's containers, and of containers that are no more, whoever they belonged to. */
async function shims(): Promise<string[]> {
  const running = (await linesOf('ps', '-eo', 'args')).filter((line) => line.includes('containerd-shim') && line.includes('/var/run/docker/'));
  const [all, own] = [new Set(await linesOf('docker', 'ps', '--all', '--no-trunc', '--quiet')), new Set(await containers())];
  return running.filter((line) => {
    const [, id = ''] = / -id (\S+)/.exec(line) ?? [];
    return own.has(id) || !all.has(id);
  });
}

function isOurRule(line: string, networks: readonly string[]): boolean {
  const pool = setting('MOLO_NETWORK_POOL').split('.').slice(0, 2).join('.');
  return line.includes(` ${pool}.`) || networks.some((id) => line.includes(`br-${id.slice(0, 12)}`));
}

async function redisKeys(): Promise<number> {
  const redis = new Redis(setting('MOLO_REDIS_URL'));
  try {
    return await redis.dbsize();
  } finally {
    redis.disconnect();
  }
}

async function rows(): Promise<Record<string, number>> {
  const client = new Client({ connectionString: setting('MOLO_DATABASE_URL') });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(`select table_name as name from information_schema.tables where table_schema = 'public'`);
    const counts = await Promise.all(tables.map(async ({ name }) => [name, Number((await client.query<{ count: string }>(`select count(*) from "${name}"`)).rows[0]?.count)] as const));
    return Object.fromEntries(counts);
  } finally {
    await client.end();
  }
}

export async function homeBytes(): Promise<number> {
  return bytesOf('.');
}

/** On the disk. */
async function bytesOf(folder: string): Promise<number> {
  const [line = '0'] = (await linesOf('du', '--summarize', '--block-size=1', join(setting('MOLO_HOME'), folder))).slice(-1);
  return Number(line.split('\t')[0]);
}

async function linesOf(program: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await command(program, args);
  return stdout.split('\n').filter(Boolean);
}
