import { answersCheck } from './stores.ts';
import { quote, type Service, type Surroundings } from './service.ts';

/** As the ingress bounds itself. */
const openFiles = 65_536;
/** Each connection is an open file, and one through the ingress two: root may raise a limit that is too low for ten thousand, where the kernel lets it. */
export const raiseOpenFiles = [
  'ulimit -n "$(ulimit -Hn)" 2>/dev/null || :',
  `[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge ${openFiles} ] || ulimit -n ${openFiles} 2>/dev/null || :`,
];

/** The ingress. Its configuration is the agent's to write; it waits for the first. */
export function haproxy({ settings, home, node, checkout }: Surroundings): Service {
  const configuration = quote(`${home}/ingress/haproxy.cfg`);
  return {
    name: 'haproxy',
    unprivileged: false,
    needs: [],
    prepare: [
      `until [ -s ${configuration} ]; do sleep 0.2; done`,
      ...raiseOpenFiles,
    ],
    // With -sf a new HAProxy binds first and then asks the old one to finish what it has open.
    command: `haproxy -W -db -S ${quote(`${home}/run/haproxy-master.sock,mode,600`)} -f ${configuration} \${leftover:+-sf "$leftover"}`,
    takesOver: true,
    check: answersCheck(node, checkout, `http://127.0.0.1:${settings['MOLO_HTTP_PORT']}/`),
    withheld: ['MOLO_DATABASE_URL', 'MOLO_REDIS_URL'],
  };
}

/** An engine of our own, kept where none answered. Containers outlive it. */
export function dockerd({ settings, node, checkout }: Surroundings): Service {
  const socket = settings['MOLO_DOCKER_SOCKET'] ?? '/var/run/docker.sock';
  return {
    name: 'dockerd',
    unprivileged: false,
    needs: [],
    prepare: [
      '# A pid file outlives a kill -9, and its number may belong to somebody else by now, or to one that nobody reaps.',
      `is_running() { { tr '\\0' ' ' <"/proc/$(cat "$1")/cmdline"; } 2>/dev/null | grep -q "$2"; }`,
      'is_running /var/run/docker.pid dockerd || rm -f /var/run/docker.pid',
      'is_running /var/run/docker/containerd/containerd.pid containerd || rm -f /var/run/docker/containerd/containerd.pid',
      "grep -q ' /sys/fs/cgroup' /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup || :",
      '# Some kernels speak only the older of the two iptables.',
      `if ! iptables -w -t nat -L >/dev/null 2>&1 && iptables-legacy -w -t nat -L >/dev/null 2>&1; then`,
      '  mkdir -p bin && ln -sf "$(command -v iptables-legacy)" bin/iptables && ln -sf "$(command -v ip6tables-legacy)" bin/ip6tables && PATH="$PWD/bin:$PATH"',
      'fi',
    ],
    command: `dockerd --live-restore -H ${quote(`unix://${socket}`)} --log-opt max-size=10m --log-opt max-file=3`,
    check: answersCheck(node, checkout, `unix:${socket}:/_ping`),
    withheld: ['MOLO_DATABASE_URL', 'MOLO_REDIS_URL'],
  };
}

/**
 * What keeps the control plane small, measured by pages of 500 nodes and 100 apps, one after the other (318 MB without, 195 MB
 * with it, in the same time): what a request leaves behind is looked for after 8 MB, not 16, and what stays after half as much
 * again, not four times as much; and freed memory goes back to the system.
 */
const frugalControlPlane = { flags: '--max-semi-space-size=8 --heap-growing-percent=50', environment: 'MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072' };

export function controlPlane(surroundings: Surroundings): Service {
  const { settings, home, checkout, node, build } = surroundings;
  return {
    name: 'control-plane',
    unprivileged: true,
    needs: [...(settings['MOLO_PRIVATE_POSTGRES'] === 'yes' ? ['postgres'] : []), ...(settings['MOLO_PRIVATE_REDIS'] === 'yes' ? ['redis'] : [])],
    // git reads its user's files: the home must be one that this user may enter.
    prepare: [`export HOME=${quote(`${home}/control-plane`)} ${frugalControlPlane.environment}`, `cd ${quote(checkout)}`, ...raiseOpenFiles],
    command: `${quote(node)} ${frugalControlPlane.flags} --enable-source-maps apps/control-plane/dist/main.js`,
    check: answersCheck(node, checkout, `http://127.0.0.1:${settings['MOLO_API_PORT']}/api/v1/status`),
    version: build,
  };
}

/**
 * What keeps the agent small, measured beside 15 and 50 apps: no optimizing compilers (7 MB less; reading logs, all that it
 * does much of, takes as long), neither for JavaScript nor for WebAssembly (5 MB), and one thread's memory instead of five
 * (10 MB less). What is new has twice the usual room to die young in, for which the collector takes half the time; at rest
 * the agent gives back what it has no use for (see its idle-heap.ts). Of malloc, what is large goes back to the machine at
 * once, and not into holes that stay (4 MB less).
 */
const smallAgent = {
  flags: '--max-opt=1 --liftoff-only --single-threaded-gc --max-semi-space-size=2 --expose-gc',
  environment: 'MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=32768',
};

export function agent({ settings, home, checkout, node, build }: Surroundings): Service {
  return {
    name: 'agent',
    unprivileged: false,
    // It works with everything else dead, so it waits for nothing.
    needs: [],
    // The agent tells HAProxy how many connections it can hold, by its own limit.
    prepare: [`export HOME=${quote(`${home}/agent`)} ${smallAgent.environment}`, `cd ${quote(checkout)}`, ...raiseOpenFiles],
    command: `${quote(node)} ${smallAgent.flags} apps/agent/dist/main.js`,
    check: `[ -s ${quote(`${home}/ingress/haproxy.cfg`)} ]`,
    withheld: ['MOLO_DATABASE_URL', 'MOLO_MASTER_KEY_FILE'],
    version: `${build} ${settings['MOLO_DOCKER_SOCKET']}`,
  };
}

export function dashboard({ settings, home, checkout, node, build }: Surroundings): Service {
  const port = settings['MOLO_DASHBOARD_PORT'] ?? '';
  return {
    name: 'dashboard',
    unprivileged: true,
    needs: [],
    prepare: [`export HOME=${quote(`${home}/control-plane`)} NODE_ENV=production NEXT_TELEMETRY_DISABLED=1`, `cd ${quote(`${checkout}/apps/dashboard`)}`],
    command: `${quote(node)} ${quote(`${checkout}/node_modules/next/dist/bin/next`)} start -p ${port} -H 127.0.0.1`,
    check: answersCheck(node, checkout, `http://127.0.0.1:${port}/`),
    withheld: ['MOLO_DATABASE_URL', 'MOLO_REDIS_URL', 'MOLO_MASTER_KEY_FILE', 'MOLO_NODE_TOKEN_FILE'],
    version: build,
  };
}
