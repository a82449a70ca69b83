import { quote, type Service } from './service.ts';

export interface RunAs {
  readonly home: string;
  readonly checkout: string;
  /** The user for unprivileged services; undefined: whoever started the platform. */
  readonly user: string | undefined;
  /** The user cannot enter the checkout's parent folders: it is shown to the service at $MOLO_HOME/checkout. */
  readonly bindCheckout: boolean;
}

const leftoverGraceTenths = 150;

/**
 * The script that runit runs. Whoever kills a supervisor with -9 leaves its program running: the script knows the
 * one before by its process id and start time, and ends it first, so that no program ever runs twice.
 */
export function runScript(service: Service, { home, checkout, user, bindCheckout }: RunAs): string {
  const drop = user && service.unprivileged ? `chpst -u ${user}:${user} ` : '';
  const lines = [
    ...start,
    'exec 2>&1',
    `as_user() { ${drop}"$@"; }`,
    ...findLeftover(home, service.name),
    ...(service.takesOver ? [] : endLeftover(service.endSignal ?? 'TERM')),
    ...needs(service, home),
    `set -a; . ${quote(`${home}/molo.env`)}; set +a`,
    ...(service.withheld ? [`unset ${service.withheld.join(' ')}`] : []),
    'umask 027',
    '[ ! -w /proc/self/oom_score_adj ] || echo -500 2>/dev/null >/proc/self/oom_score_adj || :',
    ...(service.prepare ?? []),
    note(home, service.name),
    ...execLines(service, drop, bindCheckout && service.unprivileged && drop ? { home, checkout } : undefined),
  ];
  return `${lines.join('\n')}\n`;
}

const start = [
  '#!/bin/sh',
  "# Written by Molo's set-up; changes here are lost.",
  '# When a process was started, in ticks since boot; nothing for one that has ended, also where nobody reaps it.',
  `started() { sed -n 's/.*) //; /^[^ZX]/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }`,
];

function findLeftover(home: string, name: string): string[] {
  const file = quote(`${home}/run/pids/${name}`);
  return [
    `leftover='' pid='' start=''`,
    `[ ! -r ${file} ] || read -r pid start <${file} || :`,
    'if [ -n "$start" ] && [ "$(started "$pid")" = "$start" ]; then leftover=$pid; fi',
  ];
}

function note(home: string, name: string): string {
  return `echo "$$ $(started $$)" >${quote(`${home}/run/pids/${name}`)}`;
}

function endLeftover(signal: string): string[] {
  return [
    'if [ -n "$leftover" ]; then',
    '  echo "ending process $leftover, left behind by a supervisor that was killed"',
    `  kill -${signal} "$leftover" 2>/dev/null || :`,
    `  tenths=0; while [ "$(started "$leftover")" = "$start" ] && [ $tenths -lt ${leftoverGraceTenths} ]; do sleep 0.1; tenths=$((tenths + 1)); done`,
    '  [ "$(started "$leftover")" != "$start" ] || kill -KILL "$leftover"',
    'fi',
  ];
}

/** Waits for what must answer first; runit starts the script again when the wait was in vain. */
function needs(service: Service, home: string): string[] {
  if (service.needs.length === 0) return [];
  const folders = service.needs.map((name) => quote(`${home}/services/${name}`)).join(' ');
  return [`sv -w 60 check ${folders} >/dev/null || { echo 'waiting for ${service.needs.join(' and ')}'; exit 1; }`];
}

/** A mount of its own shows the checkout to a service whose user could not reach it; nobody else sees the mount. */
function execLines(service: Service, drop: string, bind: { home: string; checkout: string } | undefined): string[] {
  if (!bind) return [`exec ${drop}${service.command}`];
  const place = `${bind.home}/checkout`;
  // Paths stand in the command as `quote` makes them.
  const inside = (text: string) => text.replaceAll(quotedInside(bind.checkout), place);
  // One that works in the checkout works in what is mounted; a database stays where it is.
  const follow = 'case "$PWD/" in "$1"/*) cd "$2${PWD#"$1"}" || exit 1 ;; esac';
  const script = `mount --bind "$1" "$2" || exit 1; ${follow}; exec ${drop}${inside(service.command)}`;
  return [`mkdir -p ${quote(place)}`, `exec unshare --mount sh -c ${quote(script)} sh ${quote(bind.checkout)} ${quote(place)}`];
}

/** A path as it stands within a longer word that `quote` made. */
function quotedInside(path: string): string {
  return path.replaceAll("'", "'\\''");
}

/** The logger that a killed supervisor left behind holds the lock on the log as long as its program lives. */
export function logScript(home: string, name: string, user: string | undefined): string {
  const lines = [
    ...start,
    ...findLeftover(home, `${name}.log`),
    ...endLeftover('TERM'),
    note(home, `${name}.log`),
    `exec ${user ? `chpst -u ${user}:${user} ` : ''}svlogd -tt ${quote(`${home}/log/${name}`)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `sv check` runs it in the service's folder. */
export function checkScript(service: Service): string {
  return `#!/bin/sh\n${service.check}\n`;
}
