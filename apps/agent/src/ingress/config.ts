import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What the ingress has to know; the agent's config holds the same variables and hands them over. */
export const IngressSettings = z.object({
  home: z.string().regex(/^\/[^"'\\\s#$]*$/, 'must be an absolute path without spaces, quotes, backslashes, # or $'),
  domain: z.string().default('localhost'),
  httpPort: z.coerce.number().int().min(1).max(65_535),
  apiPort: z.coerce.number().int().min(1).max(65_535).default(4000),
  dashboardPort: z.coerce.number().int().min(1).max(65_535).default(4001),
  /** Backends prepared ahead; one environment takes one. */
  pool: z.coerce.number().int().min(1).max(50_000).default(1000),
  haproxy: z.string().default('haproxy').describe('program that is HAProxy'),
  /** `errors`: only what went wrong; `all`: each request. */
  accessLog: z.enum(['off', 'errors', 'all']).default('errors'),
});
export type IngressSettings = z.infer<typeof IngressSettings>;

/** The same from the environment, for set-up, which writes the first configuration before any agent runs. */
export function ingressSettingsFrom(environment: NodeJS.ProcessEnv = process.env): IngressSettings {
  const isRoot = process.getuid?.() === 0;
  const given = (name: string) => environment[name] || undefined;
  return IngressSettings.parse({
    home: given('MOLO_HOME') ?? (isRoot ? '/var/lib/molo' : join(homedir(), '.molo')),
    domain: given('MOLO_DOMAIN'),
    httpPort: given('MOLO_HTTP_PORT') ?? 80,
    apiPort: given('MOLO_API_PORT'),
    dashboardPort: given('MOLO_DASHBOARD_PORT'),
    pool: given('MOLO_INGRESS_POOL'),
    accessLog: given('MOLO_INGRESS_LOG'),
    haproxy: given('MOLO_HAPROXY'),
  });
}

/** Servers that each prepared backend has room for before servers are added at runtime. */
export const slotsPerPool = 8;

export interface IngressPaths {
  readonly directory: string;
  readonly config: string;
  readonly hostsMap: string;
  readonly environmentsMap: string;
  readonly serversMap: string;
  readonly pages: string;
  readonly trafficLedger: string;
  readonly runtimeSocket: string;
  readonly masterSocket: string;
}

export function ingressPaths(home: string): IngressPaths {
  const directory = join(home, 'ingress');
  return {
    directory,
    config: join(directory, 'haproxy.cfg'),
    hostsMap: join(directory, 'maps/hosts.map'),
    environmentsMap: join(directory, 'maps/environments.map'),
    serversMap: join(directory, 'maps/servers.map'),
    pages: join(directory, 'errors'),
    trafficLedger: join(directory, 'traffic.json'),
    runtimeSocket: join(home, 'run/haproxy.sock'),
    masterSocket: join(home, 'run/haproxy-master.sock'),
  };
}
