import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';

const portNumber = z.coerce.number().int().min(1).max(65_535);

const Environment = z.object({
  MOLO_HOME: z
    .string()
    .refine(isAbsolute, 'must be an absolute path')
    .default(process.getuid?.() === 0 ? '/var/lib/molo' : join(homedir(), '.molo'))
    .describe('folder of everything that Molo keeps'),
  MOLO_DOMAIN: z.string().min(1).default('localhost').describe('domain under which the dashboard and the apps are reached'),
  MOLO_HTTP_PORT: portNumber.default(80).describe('port of the ingress'),
  MOLO_API_PORT: portNumber.default(4000).describe('loopback port of the control plane'),
  MOLO_DASHBOARD_PORT: portNumber.default(4001).describe('loopback port of the dashboard'),
  MOLO_CONTROL_PLANE_URL: z.url().optional().describe('address of the control plane, when it is not on this machine'),
  MOLO_REDIS_URL: z.string().startsWith('redis', 'must be a redis:// or rediss:// address').describe('the Redis that carries the jobs'),
  MOLO_REGISTRY_HOST: z.string().min(1).default('localhost:5443').describe('HOST:PORT of the registry'),
  MOLO_INGRESS_LOG: z.enum(['off', 'errors', 'all']).default('errors').describe('which requests the ingress logs'),
  MOLO_EXTRA_CA: z.string().optional().describe("file of a site's own CA bundle, handed to builds"),
  NODE_EXTRA_CA_CERTS: z.string().optional().describe('taken for MOLO_EXTRA_CA where that is not set'),
  npm_config_registry: z.url().optional().describe('npm registry that languages and dependencies come from'),
  MOLO_DEBIAN_MIRROR: z.string().startsWith('http', 'must be an http:// address').optional().describe('Debian mirror that stacks are made from'),
  HTTP_PROXY: z.string().optional().describe('proxy of this node, handed to builds'),
  HTTPS_PROXY: z.string().optional().describe('proxy of this node, handed to builds'),
  NO_PROXY: z.string().optional().describe('hosts that need no proxy, handed to builds'),
  MOLO_NODE_NAME: z.string().min(1).max(63).default('local').describe('name of this node'),
  MOLO_NODE_TOKEN_FILE: z.string().optional().describe("file of this node's token"),
  MOLO_DOCKER_SOCKET: z.string().refine(isAbsolute, 'must be an absolute path').default('/var/run/docker.sock').describe('socket of the Docker Engine'),
  MOLO_NETWORK_POOL: z.cidrv4().default('10.213.0.0/16').describe("addresses from which each environment's network takes its own"),
  MOLO_INGRESS_POOL: z.coerce.number().int().min(1).max(20_000).default(1000).describe('backends that the ingress has prepared'),
  MOLO_STACK: z.string().min(1).default('debian-12').describe('OS Base image to build on where an app names none'),
  MOLO_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info').describe('least level that is logged'),
});

/** Injection token of the agent's settings. */
export const CONFIG = Symbol('agent config');

/** All settings of the agent; read once, never changed. Times and sizes carry their unit in the name. */
export interface AgentConfig {
  readonly home: string;
  readonly domain: string;
  readonly httpPort: number;
  readonly apiPort: number;
  readonly dashboardPort: number;
  readonly controlPlaneUrl: string;
  readonly redisUrl: string;
  readonly registryHost: string;
  readonly extraCaFile: string | undefined;
  /** npm's own where it is undefined. */
  readonly npmRegistry: string | undefined;
  readonly debianMirror: string | undefined;
  /** `HTTP_PROXY` and the like, as far as they are set. */
  readonly proxy: Readonly<Record<string, string>>;
  readonly ingressLog: 'off' | 'errors' | 'all';
  readonly nodeName: string;
  /** Proves to the control plane, and through it to the registry, which node this is. Never logged. */
  readonly nodeToken: string;
  readonly dockerSocket: string;
  readonly networkPool: string;
  readonly ingressPool: number;
  readonly stack: string;
  readonly logLevel: string;
}

/** Throws one error that names every setting that is wrong. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): AgentConfig {
  const parsed = Environment.safeParse(withoutEmpty(environment));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings of the agent are not valid:\n${problems.join('\n')}`);
  }
  const settings = parsed.data;
  return Object.freeze({
    home: settings.MOLO_HOME,
    domain: settings.MOLO_DOMAIN,
    httpPort: settings.MOLO_HTTP_PORT,
    apiPort: settings.MOLO_API_PORT,
    dashboardPort: settings.MOLO_DASHBOARD_PORT,
    controlPlaneUrl: settings.MOLO_CONTROL_PLANE_URL ?? `http://127.0.0.1:${settings.MOLO_API_PORT}`,
    redisUrl: settings.MOLO_REDIS_URL,
    registryHost: settings.MOLO_REGISTRY_HOST,
    extraCaFile: settings.MOLO_EXTRA_CA ?? settings.NODE_EXTRA_CA_CERTS,
    npmRegistry: settings.npm_config_registry === npmsOwnRegistry ? undefined : settings.npm_config_registry,
    debianMirror: settings.MOLO_DEBIAN_MIRROR,
    proxy: proxyOf(settings),
    ingressLog: settings.MOLO_INGRESS_LOG,
    nodeName: settings.MOLO_NODE_NAME,
    nodeToken: readToken(settings.MOLO_NODE_TOKEN_FILE ?? join(settings.MOLO_HOME, 'secrets/node.token')),
    dockerSocket: settings.MOLO_DOCKER_SOCKET,
    networkPool: settings.MOLO_NETWORK_POOL,
    ingressPool: settings.MOLO_INGRESS_POOL,
    stack: settings.MOLO_STACK,
    logLevel: settings.MOLO_LOG_LEVEL,
  });
}

/** npm sets this in every program that it starts. */
const npmsOwnRegistry = 'https://registry.npmjs.org/';

function proxyOf({ HTTP_PROXY, HTTPS_PROXY, NO_PROXY }: z.infer<typeof Environment>): Record<string, string> {
  return { ...(HTTP_PROXY ? { HTTP_PROXY } : {}), ...(HTTPS_PROXY ? { HTTPS_PROXY } : {}), ...(NO_PROXY ? { NO_PROXY } : {}) };
}

/** Without what is set to nothing; the customary lower-case names of proxies stand for the upper-case ones. */
function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { http_proxy: HTTP_PROXY, https_proxy: HTTPS_PROXY, no_proxy: NO_PROXY, ...rest } = environment;
  return Object.fromEntries(Object.entries({ HTTP_PROXY, HTTPS_PROXY, NO_PROXY, ...rest }).filter(([, value]) => value !== ''));
}

function readToken(file: string): string {
  const token = readOrExplain(file).trim();
  if (token.length < 16) throw new Error(`The settings of the agent are not valid:\n  MOLO_NODE_TOKEN_FILE: ${file} holds no node token`);
  return token;
}

function readOrExplain(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`The settings of the agent are not valid:\n  MOLO_NODE_TOKEN_FILE: ${file} cannot be read`, { cause });
  }
}
