import { quote, type Service, type Surroundings } from './service.ts';

/** A clean environment, the same whoever starts the platform; settings come from molo.env. */
export const supervisorEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** The last argument is where runsvdir shows its own messages: in its process title, which cannot grow. */
export function supervisorArguments(folder: string): string[] {
  return ['-P', folder, `log: ${'.'.repeat(395)}`];
}

/** runsvdir keeps all services, this one among them, and this one keeps runsvdir: it takes two kills to be without. */
export function supervisor({ home }: Surroundings): Service {
  const folder = `${home}/services`;
  const environment = Object.entries(supervisorEnvironment).map(([name, value]) => `${name}=${value}`);
  return {
    name: 'supervisor',
    unprivileged: false,
    needs: [],
    prepare: [
      '# systemd marks what it starts: then it is the one that keeps runsvdir.',
      '[ -z "${INVOCATION_ID:-}" ] || exec tail -f /dev/null',
      "found=''",
      'for process in /proc/[0-9]*; do',
      '  # Processes inside containers are seen here too; they are not ours.',
      '  [ "$(readlink "$process/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue',
      `  case $({ tr '\\0' ' ' <"$process/cmdline"; } 2>/dev/null) in ${quote(`runsvdir -P ${folder} `)}*) found=\${process#/proc/} ;; esac`,
      'done',
      'if [ -z "$found" ]; then',
      `  env -i ${environment.join(' ')} setsid runsvdir ${supervisorArguments(folder).map(quote).join(' ')} </dev/null >/dev/null 2>&1 &`,
      '  found=$!',
      'fi',
    ],
    command: 'tail --pid="$found" -f /dev/null',
    check: 'true',
    withheld: ['MOLO_DATABASE_URL', 'MOLO_REDIS_URL'],
  };
}
