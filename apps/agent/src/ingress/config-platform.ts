import { type IngressPaths, type IngressSettings } from './config.js';

/** Backends that are not an app's. */
export const platformBackends = {
  /** Molo itself, and with it every host that is no app's. */
  platform: 'molo-platform',
  /** Environments that nothing was deployed to. */
  idle: 'molo-idle',
} as const;

/** Prefixes of the platform's own address that the control plane answers; the dashboard answers the rest. */
const controlPlanePaths = ['/api', '/git', '/socket.io', '/registry', '/metrics'] as const;

/** Second, process, count of its requests: names a request here and in the log. HAProxy's own unique ids cost 2.5 times as much. */
const requestId = '%Ts-%pid-%rt';

/**
 * Headers in which clients claim what is only ours to say. Apps behind WSGI or CGI read an underscore as a hyphen, so names are
 * taken with either; HAProxy has them in lower case. One rule for all: each looks at every header of every request.
 */
const claims = '^(x[-_](forwarded|real|request[-_]id$)|true[-_]client|forwarded$)';

/** What the configuration takes from the machine that it is written for. */
export interface Machine {
  /** User that the worker becomes; null to stay what HAProxy was started as. */
  readonly user: string | null;
  readonly ipv6: boolean;
  readonly threads: number;
  /** How many files HAProxy may have open. */
  readonly openFiles: number;
}

/** Bounds the table of file descriptors, and with it memory, on machines that allow a million of them. */
const mostOpenFiles = 65_536;
/** HAProxy takes half as many connections as it may open files. */
const filesPerConnection = 2;
/** Of all connections, what one address may hold: whoever opens thousands and says nothing leaves others theirs. */
const addressShare = 0.7;

export function platformHost(domain: string): string {
  return `molo.${domain}`;
}

/** All of the configuration but the pools. */
export function renderPlatform(settings: IngressSettings, paths: IngressPaths, machine: Machine): string {
  return [
    '# Written by Molo. The agent writes it again after each change; edits are lost.',
    renderGlobal(settings, paths, machine),
    renderDefaults(settings, paths),
    renderFrontend(settings, paths, machine),
    renderBackends(settings, paths),
  ].join('\n');
}

function renderGlobal(settings: IngressSettings, paths: IngressPaths, machine: Machine): string {
  return `global
  stats socket ${paths.runtimeSocket} mode 660 level admin expose-fd listeners
  stats timeout 1h
  stats maxconn 50
  fd-hard-limit ${mostOpenFiles}
  # A reload leaves an old worker to its WebSockets; not for ever.
  hard-stop-after 24h
  nbthread ${machine.threads}
${machine.user ? `  user ${machine.user}\n  group ${machine.user}\n` : ''}${settings.accessLog === 'off' ? '' : '  log stdout format raw local0 info\n'}`;
}

function renderDefaults(settings: IngressSettings, paths: IngressPaths): string {
  return `defaults base
  mode http
  timeout connect 4s
  timeout client 5m
  timeout server 5m
  timeout tunnel 24h
  timeout client-fin 30s
  # Whoever does not finish the head of a request in time (slowloris) is sent away.
  timeout http-request 20s
  timeout http-keep-alive 75s
  timeout queue 30s
  # HTTP/1.1 alone on the clear port: no upgrade to h2c.
  option disable-h2-upgrade
  # A reload closes a kept-alive connection only along with an answer: no client writes into a closed one.
  option idle-close-on-response
  http-reuse safe
${renderLog(settings, paths)}
defaults app from base
  balance leastconn
  # A refused connection goes to another server at once, where there is one.
  option redispatch 1
  retries 3
  # Only what never reached a server is tried again: a request that kills its instance must not go on to kill the others.
  retry-on conn-failure
  # How many WebSockets each server holds is counted in a table: a server's own counters do not tell them apart.
  http-response track-sc0 srv_name table molo-tunnels if { status 101 }
${[502, 503, 504].map((status) => `  errorfile ${status} ${paths.pages}/${status}.http`).join('\n')}
`;
}

/** Without what comes behind a `?`: links of invitations carry secrets there, as those of many apps do. */
function renderLog(settings: IngressSettings, paths: IngressPaths): string {
  if (settings.accessLog === 'off') return '';
  const normal = settings.accessLog === 'errors' ? '  option dontlog-normal\n' : '';
  const app = `%[be_name,map_str(${paths.environmentsMap},-)]`;
  const instance = `%[srv_name,map_str(${paths.serversMap},-)]`;
  return `  log global
${normal}  log-format "%tr client=%ci status=%ST ended=%tsc ms=%Ta wait=%Tw connect=%Tc answer=%Tr bytes=%B retries=%rc app=${app} instance=${instance} id=${requestId} %HM %{+Q}HPO"
`;
}

function renderFrontend(settings: IngressSettings, paths: IngressPaths, machine: Machine): string {
  return `frontend http from base
  bind *:${settings.httpPort}
${machine.ipv6 ? `  bind :::${settings.httpPort} v6only\n` : ''}  # One address never takes all connections; what is more of it is closed before a word is read.
  tcp-request connection track-sc1 src table molo-clients
  tcp-request connection reject if { sc1_conn_cur gt ${connectionsOfAddress(machine)} }
  # The client's address as text, once a connection: to write it anew for each request costs twice as much.
  tcp-request session set-var(sess.client) src,concat()
  # What clients claim about themselves is taken away; what is true is put there. Host is passed on as it came.
  http-request del-header ${claims} -m reg
  http-request add-header X-Forwarded-For %[var(sess.client)]
  http-request add-header X-Forwarded-Proto http
  http-request add-header X-Request-Id ${requestId}
  # One look into the map for an app's request, which are the many; all others go to the platform.
  use_backend %[req.fhdr(host),host_only,map_str(${paths.hostsMap},${platformBackends.platform})]
  default_backend ${platformBackends.platform}
`;
}

function connectionsOfAddress({ openFiles }: Machine): number {
  return Math.floor((Math.min(openFiles, mostOpenFiles) / filesPerConnection) * addressShare);
}

function renderBackends(settings: IngressSettings, paths: IngressPaths): string {
  const port = settings.httpPort === 80 ? '' : `:${settings.httpPort}`;
  const prefixes = controlPlanePaths.map((path) => `${path}/`).join(' ');
  return `backend ${platformBackends.platform} from base
  acl is_platform req.hdr(host),host_only,lower,rtrim(.) ${platformHost(settings.domain)}
  acl is_control_plane path_beg ${prefixes}
  acl is_control_plane path ${controlPlanePaths.join(' ')}
  # An app's host in an unusual spelling (upper case, a last dot) is sent to the usual one.
  http-request set-var(txn.host) req.hdr(host),host_only,lower,rtrim(.) if !is_platform
  http-request redirect location http://%[var(txn.host)]${port}%[pathq] code 308 if !is_platform { var(txn.host),map_str(${paths.hostsMap}) -m found }
${renderReturn(404, paths, 'unknown', '!is_platform')}
  use-server control-plane if is_control_plane
  use-server dashboard if !is_control_plane
  # A git push, its build and its deployment are one request.
  timeout server 1h
  retries 2
  errorfile 503 ${paths.pages}/starting.http
  server control-plane 127.0.0.1:${settings.apiPort}
  server dashboard 127.0.0.1:${settings.dashboardPort}

backend ${platformBackends.idle} from base
${renderReturn(503, paths, 'idle')}

# Never reached: holds the table and the maps that the agent reads and writes, and what belongs to each pool with them.
backend molo-tunnels from base
  stick-table type string len 64 size 100k store conn_cur
  http-request set-var(txn.environment) be_name,map_str(${paths.environmentsMap})
  http-request set-var(txn.instance) be_name,map_str(${paths.serversMap})

backend molo-clients from base
  stick-table type ipv6 size 100k expire 1m store conn_cur
`;
}

function renderReturn(status: number, paths: IngressPaths, page: string, condition = ''): string {
  const rule = `  http-request return status ${status} hdr Cache-Control no-store`;
  return [
    `${rule} content-type "text/html; charset=utf-8" file ${paths.pages}/${page}.html if ${condition} { req.hdr(accept) -m sub text/html }`,
    `${rule} content-type application/problem+json file ${paths.pages}/${page}.json if ${condition} { req.hdr(accept) -m sub json }`,
    `${rule} content-type "text/plain; charset=utf-8" file ${paths.pages}/${page}.txt${condition ? ` if ${condition}` : ''}`,
  ].join('\n');
}
