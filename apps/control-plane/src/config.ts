import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DurationSeconds, MemorySize } from '@molo/contracts';
import { z } from 'zod';

const Port = z.coerce.number().int().min(1).max(65_535);
/** 0 takes any port that is free. */
const OwnPort = z.coerce.number().int().min(0).max(65_535);
const Url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);

const defaultHome = () => (userInfo().uid === 0 ? '/var/lib/molo' : join(homedir(), '.molo'));
const HostName = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a host name in lower case');

/** All settings of the control plane, as environment variables. */
export const Settings = z.object({
  MOLO_HOME: z.string().startsWith('/', 'must be an absolute path').default(defaultHome).describe('where everything that the platform keeps lies'),
  MOLO_DOMAIN: HostName.default('localhost').describe('the dashboard is at molo.DOMAIN, apps at APP.DOMAIN'),
  MOLO_HTTP_PORT: Port.default(80).describe('port on which people reach the platform and its apps'),
  MOLO_HTTPS_PORT: Port.optional().describe('port for TLS'),
  MOLO_SSH_PORT: OwnPort.default(2222).describe('port of git over SSH'),
  MOLO_DATABASE_URL: Url(['postgres:', 'postgresql:']).describe('PostgreSQL, which holds the facts'),
  MOLO_REDIS_URL: Url(['redis:', 'rediss:']).describe('Redis, which holds the work'),
  MOLO_REGISTRY_HOST: z.string().regex(/^[a-z0-9.-]+(:\d+)?$/, 'must be HOST or HOST:PORT').default('localhost:5443').describe('address of the registry in the names of images'),
  MOLO_REGISTRY_PORT: Port.default(5443).describe('port of the private registry on this machine'),
  MOLO_EXTRA_CA: z.string().optional().describe("file with the site's own CA certificates, which builds trust too"),
  MOLO_API_PORT: OwnPort.default(4000).describe('port of the control plane, on loopback'),
  MOLO_NODE_NAME: z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be a host name').default('local').describe("name of this machine's node"),
  MOLO_NODE_TOKEN_FILE: z.string().optional().describe("file with the local node's token (default: secrets/node.token under MOLO_HOME)"),
  MOLO_MASTER_KEY_FILE: z.string().optional().describe('file with the key that encrypts config values (default: secrets/master.key under MOLO_HOME)'),
  MOLO_DATABASE_POOL: z.coerce.number().int().min(2).max(500).default(20).describe('connections to PostgreSQL'),
  MOLO_BUILD_MEMORY: MemorySize.default(2 * 1024 ** 3).describe('memory of all builds of a node together'),
  MOLO_BUILD_CPUS: z.coerce.number().min(0.1).max(1024).default(2).describe('cores of all builds of a node together'),
  MOLO_BUILD_TIMEOUT: DurationSeconds.refine((seconds) => seconds >= 1, 'must be at least 1s').default(30 * 60).describe('longest time that a build may take'),
  MOLO_BUILD_DISK: MemorySize.default(8 * 1024 ** 3).describe('disk that a build may write, with those that run on its node at the same time'),
  MOLO_KEEP_RELEASES: z.coerce.number().int().min(2, 'must be at least 2: the live release and one to go back to').max(1000).default(10).describe('how many of the newest releases that went live keep their images, in each environment'),
  MOLO_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('least level of what is logged'),
});

/** The settings of this process, read once, frozen and injected. */
export class Config {
  readonly home: string;
  readonly domain: string;
  readonly httpPort: number;
  readonly httpsPort: number | null;
  readonly sshPort: number;
  readonly databaseUrl: string;
  readonly databasePool: number;
  readonly redisUrl: string;
  readonly registryHost: string;
  readonly registryPort: number;
  readonly extraCa: string | null;
  readonly buildLimits: { readonly memoryBytes: number; readonly cpus: number; readonly timeoutSeconds: number; readonly diskBytes: number };
  /** Of each environment: the newest releases that went live, whose images are kept. */
  readonly keepReleases: number;
  readonly apiPort: number;
  readonly nodeName: string;
  readonly logLevel: z.output<typeof Settings>['MOLO_LOG_LEVEL'];
  /** Kept out of the object's own enumerable fields, so that printing the config shows no secret. */
  readonly #secrets: { readonly masterKey: string; readonly nodeToken: string };

  constructor(settings: z.output<typeof Settings>, secrets: { masterKey: string; nodeToken: string }) {
    this.home = settings.MOLO_HOME;
    this.domain = settings.MOLO_DOMAIN;
    this.httpPort = settings.MOLO_HTTP_PORT;
    this.httpsPort = settings.MOLO_HTTPS_PORT ?? null;
    this.sshPort = settings.MOLO_SSH_PORT;
    this.databaseUrl = settings.MOLO_DATABASE_URL;
    this.databasePool = settings.MOLO_DATABASE_POOL;
    this.redisUrl = settings.MOLO_REDIS_URL;
    this.registryHost = settings.MOLO_REGISTRY_HOST;
    this.registryPort = settings.MOLO_REGISTRY_PORT;
    this.extraCa = settings.MOLO_EXTRA_CA ?? null;
    this.buildLimits = Object.freeze({ memoryBytes: settings.MOLO_BUILD_MEMORY, cpus: settings.MOLO_BUILD_CPUS, timeoutSeconds: settings.MOLO_BUILD_TIMEOUT, diskBytes: settings.MOLO_BUILD_DISK });
    this.keepReleases = settings.MOLO_KEEP_RELEASES;
    this.apiPort = settings.MOLO_API_PORT;
    this.nodeName = settings.MOLO_NODE_NAME;
    this.logLevel = settings.MOLO_LOG_LEVEL;
    this.#secrets = secrets;
    Object.freeze(this);
  }

  /** 32 bytes as hexadecimal digits. */
  get masterKey(): string {
    return this.#secrets.masterKey;
  }

  /** What the agent of this machine authenticates with. */
  get nodeToken(): string {
    return this.#secrets.nodeToken;
  }

  /** A path under MOLO_HOME. */
  path(...parts: string[]): string {
    return join(this.home, ...parts);
  }
}

/** Names every setting that is wrong, one a line. */
export class ConfigError extends Error {}

/** Reads the settings and the files with secrets; throws one ConfigError with all that is wrong. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([name, value]) => name in Settings.shape && value !== undefined && value !== ''));
  const settings = Settings.safeParse(given);
  const wrong = settings.success ? [] : settings.error.issues.map((issue) => `${issue.path.join('.')} ${given[String(issue.path[0])] === undefined ? 'is not set' : issue.message}`);
  const home = settings.data?.MOLO_HOME ?? given['MOLO_HOME'] ?? defaultHome();
  const masterKey = readSecret('MOLO_MASTER_KEY_FILE', given['MOLO_MASTER_KEY_FILE'] ?? join(home, 'secrets/master.key'), /^[0-9a-f]{64}$/i, wrong);
  const nodeToken = readSecret('MOLO_NODE_TOKEN_FILE', given['MOLO_NODE_TOKEN_FILE'] ?? join(home, 'secrets/node.token'), /^\S{20,}$/, wrong);
  if (!settings.success || wrong.length > 0) throw new ConfigError(`The settings are not valid:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
  return new Config(settings.data, { masterKey, nodeToken });
}

function readSecret(setting: string, file: string, shape: RegExp, wrong: string[]): string {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (!shape.test(text)) wrong.push(`${setting} (${file}) does not hold what belongs there`);
    return text;
  } catch (error) {
    wrong.push(`${setting} (${file}) cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return '';
  }
}
