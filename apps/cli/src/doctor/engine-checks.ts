import { type Check, type Finding, NotSeen, ok, problem, warning } from './check.js';
import { type EngineFacts, EngineAway, type Machine } from './machine.js';
import { isAtLeast, versionIn } from './version-order.js';

const oldestEngine = '20.10';

/** The Docker Engine, and what of the kernel it can put limits on. */
export function engineChecks(machine: Machine): Check[] {
  return [
    { name: 'engine', run: () => checkEngine(machine) },
    { name: 'live-restore', run: async () => checkLiveRestore(await engineOf(machine)) },
    { name: 'limits', run: async () => checkLimits(await engineOf(machine)) },
  ];
}

/** For the checks that look past the engine: that it is away is told by its own. */
export async function engineOf(machine: Machine): Promise<EngineFacts> {
  return await machine.engine().catch((error: unknown) => {
    throw error instanceof EngineAway ? new NotSeen('the engine does not answer', 'Mend first: engine') : error;
  });
}

async function checkEngine(machine: Machine): Promise<Finding> {
  try {
    const { ServerVersion: version } = await machine.engine();
    if (isAtLeast(versionIn(version) ?? '', oldestEngine)) return ok(`Docker Engine ${version}`);
    return warning(`Docker Engine ${version} is older than Molo was tried with`, `Install ${oldestEngine} or later: apt install docker.io`);
  } catch (error) {
    if (!(error instanceof EngineAway)) throw error;
    if (error.reason === 'EACCES') return problem(`you may not use the Docker Engine at ${error.socketPath}`, 'sudo usermod -aG docker $USER, then sign in to this machine again');
    const isMolos = (await machine.kept()).parts.some(({ name }) => name === 'dockerd');
    return problem(error.message, isMolos ? `npm start. Last words: tail ${machine.home}/log/dockerd/current` : 'Start it: systemctl start docker. Its log: journalctl -u docker');
  }
}

function checkLiveRestore(engine: EngineFacts): Finding {
  if (engine.LiveRestoreEnabled) return ok('on: apps go on when the engine restarts');
  return warning('off: every app stops when the engine restarts', 'Put "live-restore": true into /etc/docker/daemon.json, then: systemctl reload docker');
}

function checkLimits(engine: EngineFacts): Finding {
  const can = { memory: engine.MemoryLimit, pids: engine.PidsLimit, cpu: engine.CpuCfsQuota };
  const missing = Object.entries(can).filter(([, isThere]) => !isThere).map(([name]) => name);
  const version = `cgroup v${engine.CgroupVersion}`;
  if (missing.length === 0) return ok(`memory, pids and cpu, by ${version}`);
  const advice =
    engine.CgroupVersion === '2'
      ? 'See what the kernel hands on: cat /sys/fs/cgroup/cgroup.controllers. A rootless engine needs systemd to delegate them (Delegate=yes).'
      : `See /proc/cgroups. Start the kernel with ${missing.includes('memory') ? 'cgroup_enable=memory' : 'these controllers'} (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and reboot).`;
  return problem(`${missing.join(', ')} cannot be limited by ${version}: one app can take all of the machine`, advice);
}
