import { existsSync, rmSync } from 'node:fs';
import { checkout, isRoot, moloHome } from '../config.ts';
import { untilWhole } from '../services/platform.ts';
import { handToUnit, keptServices, serviceState } from '../services/supervisor.ts';
import { hasUnit, isSystemd, unitFile, unitName, unitText } from '../services/unit.ts';
import { writeAtomically } from '../setup/files.ts';
import { locked } from '../setup/lock.ts';
import { programPath } from '../setup/packages.ts';
import { readSettings } from '../setup/settings.ts';
import { main, say, step, StepFailed } from '../terminal/progress.ts';
import { output, succeeds } from '../terminal/run.ts';

/** Debian's packages bring units that start their programs with the machine; Molo runs these programs itself. */
const doublesOf: Readonly<Record<string, readonly string[]>> = {
  dockerd: ['docker.socket', 'docker.service', 'containerd.service'],
  haproxy: ['haproxy.service'],
  redis: ['redis-server.service'],
  registry: ['docker-registry.service'],
};

/** Has systemd keep the platform: `npm run systemd`. With --print it shows the unit and does nothing, with --remove it takes it away. */
await main(async () => {
  const unit = unitText({ home: moloHome, checkout, runsvdir: programPath('runsvdir') ?? '/usr/bin/runsvdir' });
  if (process.argv.includes('--print')) return void process.stdout.write(unit);
  if (!isRoot || !isSystemd()) throw new StepFailed('the unit takes root, on a machine that systemd runs', { advice: 'Without systemd, let whatever starts the machine run npm start in the checkout. To see the unit: npm run --silent systemd -- --print' });
  await locked(() => (process.argv.includes('--remove') ? remove() : install(unit)));
});

async function install(unit: string): Promise<void> {
  const kept = keptServices();
  if (kept.length === 0) throw new StepFailed(`Molo is not set up in ${moloHome}`, { advice: 'Start it once, then run the same command again: npm start' });
  if (existsSync(unitFile) && !hasUnit()) throw new StepFailed(`${unitFile} is about another MOLO_HOME`, { advice: 'One platform of a machine can be kept by systemd. Remove the unit from the checkout of the other: MOLO_HOME=… npm run systemd -- --remove' });
  await step('Units of Debian that would run the same a second time', () => disableDoubles(kept));
  await step(unitFile, async () => {
    const changed = writeAtomically(unitFile, unit);
    await output('systemctl', ['daemon-reload']);
    await output('systemctl', ['enable', '--quiet', unitName]);
    return changed ? 'written' : 'as it was';
  });
  const runs = (await serviceState('control-plane')).running;
  await step('Hand the services to systemd', handToUnit);
  if (runs) await untilWhole(readSettings());
  say('\nMolo starts with this machine. See it with: systemctl status molo');
}

/** One that runs is somebody's and stays. */
async function disableDoubles(kept: readonly string[]): Promise<string> {
  const disabled: string[] = [];
  for (const unit of kept.flatMap((name) => doublesOf[name] ?? [])) {
    const idle = (await succeeds('systemctl', ['is-enabled', '--quiet', unit])) && !(await succeeds('systemctl', ['is-active', '--quiet', unit]));
    if (!idle) continue;
    await output('systemctl', ['disable', '--quiet', unit]);
    disabled.push(unit);
  }
  return disabled.length > 0 ? `disabled ${disabled.join(', ')}` : 'none';
}

async function remove(): Promise<void> {
  if (!hasUnit()) return say(`There is no unit about ${moloHome}.`);
  await step('Stop and disable the unit', async () => {
    await output('systemctl', ['disable', '--now', '--quiet', unitName]);
    rmSync(unitFile);
    await output('systemctl', ['daemon-reload']);
  });
  say('\nMolo does not start with this machine any more. The platform is stopped, apps go on serving. Start it with: npm start');
}
