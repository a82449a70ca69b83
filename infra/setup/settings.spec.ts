import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Settings } from './settings.ts';

const docs = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8');
const secrets = { postgresPassword: 'p0stgres', redisPassword: 'r3dis', registrySecret: 'registry' };

/** A value other than the default for every setting that people give, ports aside. */
const given: Settings = {
  MOLO_DOMAIN: 'pier.example.com',
  MOLO_DATABASE_URL: 'postgres://ada:secret@db.example.com/molo',
  MOLO_REDIS_URL: 'rediss://:secret@queue.example.com',
  MOLO_REGISTRY_HOST: 'registry.example.com:5555',
  MOLO_EXTRA_CA: '/etc/site-ca.pem',
  MOLO_STACK: 'debian-13',
  MOLO_DOCKER_SOCKET: '/run/other.sock',
  MOLO_NETWORK_POOL: '10.9.0.0/16',
  MOLO_INGRESS_POOL: '50',
  MOLO_INGRESS_LOG: 'all',
  MOLO_DEBIAN_MIRROR: 'http://mirror.example.com/debian',
  MOLO_NODE_NAME: 'crane',
  MOLO_LOG_LEVEL: 'debug',
  MOLO_DATABASE_POOL: '7',
  MOLO_BUILD_MEMORY: '4G',
  MOLO_BUILD_CPUS: '1.5',
  MOLO_BUILD_TIMEOUT: '1h',
  MOLO_BUILD_DISK: '20G',
  MOLO_KEEP_RELEASES: '5',
};

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-settings-'));
  vi.resetModules();
  for (const name of Object.keys(process.env)) if (name.startsWith('MOLO_')) vi.stubEnv(name, undefined);
  vi.stubEnv('MOLO_HOME', home);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

/** One set-up: resolves the settings with what somebody gives, and remembers them. */
async function resolve(gives: Settings = {}, isOurs: (service: string) => boolean = () => false): Promise<Settings> {
  for (const [name, value] of Object.entries(gives)) vi.stubEnv(name, value);
  const { formatSettings, resolveSettings, settingsFile } = await import('./settings.ts');
  const settings = await resolveSettings(secrets, isOurs);
  for (const name of Object.keys(gives)) vi.stubEnv(name, undefined);
  writeFileSync(settingsFile, formatSettings(settings));
  return settings;
}

/** From one heading of the docs to the next. */
function section(title: string): string {
  return docs.split(/^## /m).find((text) => text.startsWith(title)) ?? '';
}

async function listen(): Promise<{ port: number; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe('settings', () => {
  it('are handed on as they are given, all that the docs tell, and remembered', async () => {
    const told = [...section('The platform').matchAll(/^\| `(MOLO_\w+)` \|/gm)].map(([, name]) => name ?? '');
    expect(told.filter((name) => name !== 'MOLO_HOME' && !name.endsWith('_PORT')).toSorted()).toEqual(Object.keys(given).toSorted());
    expect(await resolve(given)).toMatchObject(given);
    expect(await resolve()).toMatchObject(given);
  });

  it('go back to their defaults when they are given empty', async () => {
    const standard = await resolve();
    await resolve(given);
    expect(await resolve(Object.fromEntries(Object.keys(given).map((name) => [name, ''])))).toEqual({ ...standard, MOLO_REGISTRY_PORT: '5555', MOLO_REGISTRY_HOST: 'localhost:5555' });
  });

  it('lead to private stores where nobody names others, also after somebody did', async () => {
    expect(await resolve()).toMatchObject({ MOLO_PRIVATE_POSTGRES: 'yes', MOLO_PRIVATE_REDIS: 'yes' });
    expect(await resolve(given)).toMatchObject({ MOLO_PRIVATE_POSTGRES: 'no', MOLO_PRIVATE_REDIS: 'no' });
    expect(await resolve()).toMatchObject({ MOLO_PRIVATE_POSTGRES: 'no', MOLO_PRIVATE_REDIS: 'no' });
    const back = await resolve({ MOLO_DATABASE_URL: '', MOLO_REDIS_URL: '' });
    expect(back).toMatchObject({ MOLO_PRIVATE_POSTGRES: 'yes', MOLO_PRIVATE_REDIS: 'yes', MOLO_DATABASE_URL: expect.stringContaining(`@127.0.0.1:${back['MOLO_POSTGRES_PORT']}/molo`) });
  });

  it.each([['given', true], ['remembered', false]])('never move a port that people know, whether it is %s', async (_, isGiven) => {
    const { port, close } = await listen();
    close();
    if (!isGiven) await resolve({ MOLO_SSH_PORT: String(port) });
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await expect(resolve(isGiven ? { MOLO_SSH_PORT: String(port) } : {})).rejects.toThrow(`port ${port} (MOLO_SSH_PORT) cannot be had: another program listens on it`);
    expect(await resolve(isGiven ? { MOLO_SSH_PORT: '' } : {}, (service) => service === 'control-plane').catch(() => undefined)).toBeDefined();
    other.close();
  });

  it('move a port of the inside when another program took it', async () => {
    const { port, close } = await listen();
    expect((await resolve({}))['MOLO_API_PORT']).not.toBe(String(port));
    writeFileSync(join(home, 'molo.env'), `MOLO_API_PORT=${port}\n`);
    expect((await resolve())['MOLO_API_PORT']).not.toBe(String(port));
    close();
  });

  it('come out of molo.env as they went in, for us and for sh, or are refused', async () => {
    const { formatSettings, parseSettings, settingsFile } = await import('./settings.ts');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[~$`"\\#*a-z/ =-]{1,8}$/)), (value) => {
        const settings = { MOLO_DOMAIN: value, MOLO_STACK: 'debian-12' };
        if (/['\n\0]/.test(value)) {
          expect(() => formatSettings(settings)).toThrow('holds a quote or a line break');
          return;
        }
        writeFileSync(settingsFile, formatSettings(settings));
        expect(parseSettings(readFileSync(settingsFile, 'utf8'))).toEqual(settings);
        expect(execFileSync('sh', ['-c', '. "$0"; printf %s "$MOLO_DOMAIN"', settingsFile], { encoding: 'utf8' })).toBe(value);
      }),
    );
  });
});
