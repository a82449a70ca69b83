import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { given, machineName, moloHome, outsideNames, siteCertificates } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';
import { operatingSystem } from './operating-system.ts';

/** The file that remembers every resolved setting; the services' run scripts read it. */
export const settingsFile = join(moloHome, 'molo.env');

export type Settings = Readonly<Record<string, string>>;

interface PortSetting {
  readonly name: string;
  /** Tried in this order, then the ports above the last. */
  readonly candidates: readonly number[];
  /** The service that holds it when the platform runs. */
  readonly service: string;
  readonly host: string;
  /** Known outside the platform: it does not move by itself once it was chosen. */
  readonly isPublic: boolean;
}

/** Bytes that Linux takes for the path of a socket, without the one that ends it. */
const longestSocketPath = 107;
const loopback = '127.0.0.1';
const everywhere = '0.0.0.0';
const portSettings: readonly PortSetting[] = [
  { name: 'MOLO_HTTP_PORT', candidates: [80, 8080], service: 'haproxy', host: everywhere, isPublic: true },
  { name: 'MOLO_HTTPS_PORT', candidates: [443, 8443], service: 'haproxy', host: everywhere, isPublic: true },
  { name: 'MOLO_SSH_PORT', candidates: [2222], service: 'control-plane', host: everywhere, isPublic: true },
  { name: 'MOLO_REGISTRY_PORT', candidates: [5443], service: 'registry', host: everywhere, isPublic: true },
  { name: 'MOLO_API_PORT', candidates: [4000], service: 'control-plane', host: loopback, isPublic: false },
  { name: 'MOLO_DASHBOARD_PORT', candidates: [4001], service: 'dashboard', host: loopback, isPublic: false },
  { name: 'MOLO_POSTGRES_PORT', candidates: [4002], service: 'postgres', host: loopback, isPublic: false },
  { name: 'MOLO_REDIS_PORT', candidates: [4003], service: 'redis', host: loopback, isPublic: false },
];

/** Settings that are simply taken: from the caller, else as remembered, else these. */
const plainDefaults = (): Record<string, string> => ({
  MOLO_DOMAIN: 'localhost',
  MOLO_NODE_NAME: nodeName(),
  MOLO_DOCKER_SOCKET: '/var/run/docker.sock',
  MOLO_NETWORK_POOL: '10.213.0.0/16',
  MOLO_INGRESS_POOL: '1000',
  MOLO_STACK: debianStack(),
});

/** Settings whose defaults are the programs' own: handed on where somebody gave them. */
const handedOn = ['MOLO_INGRESS_LOG', 'MOLO_DEBIAN_MIRROR', 'MOLO_LOG_LEVEL', 'MOLO_DATABASE_POOL', 'MOLO_BUILD_MEMORY', 'MOLO_BUILD_CPUS', 'MOLO_BUILD_TIMEOUT', 'MOLO_BUILD_DISK', 'MOLO_KEEP_RELEASES'] as const;

export interface Secrets {
  readonly postgresPassword: string;
  readonly redisPassword: string;
  readonly registrySecret: string;
}

/** Works out every setting; `isOurs` tells whether a service of ours runs and so may hold its port. */
export async function resolveSettings(secrets: Secrets, isOurs: (service: string) => boolean): Promise<Settings> {
  const remembered = readSettings();
  const pick = (name: string) => given(name) ?? remembered[name];
  const settings: Record<string, string> = { MOLO_HOME: moloHome };
  for (const [name, standard] of Object.entries(plainDefaults())) settings[name] = pick(name) || standard;
  for (const name of handedOn) {
    const value = pick(name);
    if (value) settings[name] = value;
  }
  const taken = new Set<number>();
  for (const setting of portSettings) {
    const port = await resolvePort(setting, remembered, taken, isOurs);
    taken.add(port);
    settings[setting.name] = String(port);
  }
  return { ...settings, ...addresses(settings, pick, secrets), ...outside(pick) };
}

function addresses(settings: Record<string, string>, pick: (name: string) => string | undefined, secrets: Secrets): Record<string, string> {
  const privateDatabase = `postgres://molo:${secrets.postgresPassword}@${loopback}:${settings['MOLO_POSTGRES_PORT']}/molo${socketOf(settings['MOLO_POSTGRES_PORT'])}`;
  const privateRedis = `redis://:${secrets.redisPassword}@${loopback}:${settings['MOLO_REDIS_PORT']}`;
  const database = external(pick('MOLO_DATABASE_URL'), `postgres://molo:${secrets.postgresPassword}@${loopback}:`);
  const redis = external(pick('MOLO_REDIS_URL'), `redis://:${secrets.redisPassword}@${loopback}:`);
  const registryName = (pick('MOLO_REGISTRY_HOST') || 'localhost').split(':')[0];
  return {
    MOLO_DATABASE_URL: database ?? privateDatabase,
    MOLO_REDIS_URL: redis ?? privateRedis,
    MOLO_PRIVATE_POSTGRES: database ? 'no' : 'yes',
    MOLO_PRIVATE_REDIS: redis ? 'no' : 'yes',
    MOLO_REGISTRY_HOST: `${registryName}:${settings['MOLO_REGISTRY_PORT']}`,
    MOLO_CONTROL_PLANE_URL: `http://${loopback}:${settings['MOLO_API_PORT']}`,
    MOLO_NODE_TOKEN_FILE: join(moloHome, 'secrets/node.token'),
    MOLO_MASTER_KEY_FILE: join(moloHome, 'secrets/master.key'),
  };
}

/** The private PostgreSQL's own socket, which costs both sides less than a port; where its path is too long for one, the port. */
function socketOf(port = ''): string {
  const folder = join(moloHome, 'run/postgres');
  return Buffer.byteLength(join(folder, `.s.PGSQL.${port}`)) > longestSocketPath ? '' : `?host=${encodeURIComponent(folder)}`;
}

/** A URL that is remembered from our own private instance is not one that somebody gave. */
function external(url: string | undefined, privateStart: string): string | undefined {
  return url && !url.startsWith(privateStart) ? url : undefined;
}

function outside(pick: (name: string) => string | undefined): Record<string, string> {
  const certificates = pick('MOLO_EXTRA_CA') || siteCertificates;
  const entries = outsideNames.map((name) => [name, given(name)] as const).filter((entry): entry is readonly [(typeof outsideNames)[number], string] => Boolean(entry[1]));
  return { ...Object.fromEntries(entries), ...(certificates ? { MOLO_EXTRA_CA: certificates } : {}) };
}

async function resolvePort(setting: PortSetting, remembered: Settings, taken: ReadonlySet<number>, isOurs: (service: string) => boolean): Promise<number> {
  const wished = askedPort(setting.name);
  const known = Number(remembered[setting.name]) || undefined;
  const usable = async (port: number) => !taken.has(port) && ((port === known && isOurs(setting.service)) || (await isFree(port, setting.host)));
  const fixed = wished ?? (setting.isPublic ? known : undefined);
  if (fixed !== undefined) {
    if (await usable(fixed)) return fixed;
    throw new StepFailed(`port ${fixed} (${setting.name}) cannot be had: ${await whyNot(fixed, setting, taken)}`, { advice: `See who has it: ss -ltnp 'sport = :${fixed}'. Free it, or choose another: ${setting.name}=… npm start` });
  }
  if (known !== undefined && (await usable(known))) return known;
  for (const port of setting.candidates) if (await usable(port)) return port;
  for (let port = (setting.candidates.at(-1) ?? 4000) + 1; port < 65_536; port += 1) if (await usable(port)) return port;
  throw new StepFailed(`no port is free for ${setting.name}`, { advice: `Free one, or set ${setting.name}.` });
}

function askedPort(name: string): number | undefined {
  const text = name === 'MOLO_REGISTRY_PORT' ? given(name) || given('MOLO_REGISTRY_HOST')?.split(':')[1] : given(name);
  if (!text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StepFailed(`${name}=${text} is not a port`, { advice: `Give ${name} a number from 1 to 65535, or leave it out.` });
}

async function whyNot(port: number, { host }: PortSetting, taken: ReadonlySet<number>): Promise<string> {
  if (taken.has(port)) return 'another setting has it already';
  return (await listeningFails(port, host)) === 'EACCES' ? 'only root may listen on it' : 'another program listens on it';
}

/** Free to listen on, and nobody answers on loopback (a listener on one address leaves the others free). */
async function isFree(port: number, host: string): Promise<boolean> {
  return !(await answers(port)) && (await listeningFails(port, host)) === undefined;
}

/** The code of the system's error, such as EADDRINUSE; undefined when a program may listen there. */
async function listeningFails(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, loopback);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** What sh takes as it stands; it would replace a leading `~`. */
const bareValue = /^[\w@%+=:,./-]*$/;

/** KEY=value, as sh and systemd both read it: quoted only where it has to be. */
export function formatSettings(settings: Settings): string {
  const lines = Object.entries(settings).map(([name, value]) => {
    if (/['\n\0]/.test(value)) throw new StepFailed(`${name} holds a quote or a line break`, { advice: `Give ${name} a value without ' and line breaks.` });
    return `${name}=${bareValue.test(value) ? value : `'${value}'`}`;
  });
  return `# Molo's settings, worked out by its set-up. Change one with: NAME=value npm start\n${lines.join('\n')}\n`;
}

export function readSettings(): Settings {
  return existsSync(settingsFile) ? parseSettings(readFileSync(settingsFile, 'utf8')) : {};
}

/** The settings in a file that `formatSettings` made. */
export function parseSettings(text: string): Settings {
  const lines = text.split('\n').map((line) => /^(\w+)=('?)(.*)\2$/s.exec(line));
  return Object.fromEntries(lines.filter((match) => match !== null).map((match) => [match[1] ?? '', match[3] ?? '']));
}

function debianStack(): string {
  const { id, version } = operatingSystem();
  return id === 'debian' && version === 13 ? 'debian-13' : 'debian-12';
}

/** `:8080`, or nothing for the port that browsers take by themselves. */
export function portSuffix(settings: Settings): string {
  return settings['MOLO_HTTP_PORT'] === '80' ? '' : `:${settings['MOLO_HTTP_PORT']}`;
}

/** The machine's name as a host label: lower case, letters, digits and hyphens. */
function nodeName(): string {
  const name = machineName.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return name.slice(0, 63) || 'local';
}
