import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isRoot, moloHome } from '../config.ts';
import { portSuffix, type Settings } from '../setup/settings.ts';
import type { Platform } from '../setup/set-up.ts';
import { say, step, StepFailed, paint } from '../terminal/progress.ts';
import { fingerprint } from './generate.ts';
import type { Service } from './service.ts';
import { bringUp, endSupervisor, ensureSupervisor, keptServices, serviceAnswers, serviceState, takeDown } from './supervisor.ts';
import { hasUnit, isSystemd } from './unit.ts';

const pollEveryMs = 100;
const answerTimeoutMs = 120_000;
const statusTimeoutMs = 5_000;
/** As many new processes of one service before it answers are a crash loop. */
const crashLoopStarts = 8;

/** Starts every service at once; each waits for what it needs. Returns when all of them answer. */
export async function startPlatform({ services, runAs }: Platform): Promise<void> {
  await ensureSupervisor();
  const outcomes = new Map<string, string>();
  await Promise.all(services.map(async (service) => outcomes.set(service.name, await bringUp(service.name, { fingerprint: fingerprint(service, runAs), interruptible: service.takesOver !== true }))));
  for (const service of services) {
    await step(`Start ${service.name}`, async () => {
      await untilAnswers(service);
      return outcomes.get(service.name) === 'kept' ? 'runs already' : outcomes.get(service.name);
    });
  }
}

/** The control plane's own view: it reaches its stores, and this machine's node reports to it. */
export async function untilWhole(settings: Settings): Promise<void> {
  await step('All parts work together', async () => {
    const deadline = performance.now() + answerTimeoutMs;
    for (let down = await partsDown(settings); down.length > 0; down = await partsDown(settings)) {
      if (performance.now() > deadline) {
        throw new StepFailed(`the platform is up without ${down.join(', ')}`, {
          log: join(moloHome, 'log', down.some((name) => name.startsWith('node')) ? 'agent' : 'control-plane', 'current'),
          advice: 'The log has the reason. Correct what it names, then run: npm start',
        });
      }
      await pause(pollEveryMs);
    }
  });
}

interface PlatformStatus {
  readonly parts: readonly { readonly name: string; readonly up: boolean }[];
}

async function partsDown(settings: Settings): Promise<string[]> {
  try {
    const response = await fetch(`${settings['MOLO_CONTROL_PLANE_URL']}/api/v1/status`, { signal: AbortSignal.timeout(statusTimeoutMs) });
    if (!response.ok) return ['the control plane'];
    const { parts } = (await response.json()) as PlatformStatus;
    return parts.filter(({ up }) => !up).map(({ name }) => name);
  } catch {
    return ['the control plane'];
  }
}

async function untilAnswers({ name }: Service): Promise<void> {
  const deadline = performance.now() + answerTimeoutMs;
  const pids = new Set<number>();
  while (!(await serviceAnswers(name))) {
    const { pid } = await serviceState(name);
    if (pid !== undefined) pids.add(pid);
    if (performance.now() > deadline || pids.size >= crashLoopStarts) throw notAnswering(name, pids.size >= crashLoopStarts);
    await pause(pollEveryMs);
  }
}

function notAnswering(name: string, crashes: boolean): StepFailed {
  return new StepFailed(crashes ? `${name} ends again and again` : `${name} does not answer after ${answerTimeoutMs / 1000} s`, {
    log: join(moloHome, 'log', name, 'current'),
    advice: 'The log has its last words. Correct what it names, then run: npm start. The other parts are left running; npm stop ends them.',
  });
}

/** Stops what apps can do without; `all` stops the ingress and our own engine as well. */
export async function stopPlatform({ all }: { all: boolean }): Promise<void> {
  const order = ['dashboard', 'agent', 'control-plane', 'registry', 'redis', 'postgres', ...(all ? ['haproxy', 'dockerd', 'supervisor'] : [])];
  const kept = keptServices();
  for (const name of order.filter((service) => kept.includes(service))) {
    if ((await serviceState(name)).running) await step(`Stop ${name}`, () => takeDown(name));
    else await takeDown(name);
  }
  if (all) await endSupervisor(kept);
}

export function showAddresses(settings: Settings): void {
  const suffix = portSuffix(settings);
  const domain = settings['MOLO_DOMAIN'];
  say();
  say(`${paint.bold('dashboard')}  http://molo.${domain}${suffix}`);
  say(`${paint.bold('apps')}       http://APP.${domain}${suffix}`);
  say(`${paint.bold('git')}        http://molo.${domain}${suffix}/git/APP.git  ssh://git@${domain}:${settings['MOLO_SSH_PORT']}/APP.git`);
  say(`${paint.bold('registry')}   ${settings['MOLO_REGISTRY_HOST']}`);
  if (isRoot && isSystemd() && !hasUnit()) say('\nMolo does not start with this machine yet. Let systemd see to it: npm run systemd');
  const link = claimLink();
  if (link) say(`\nNobody has claimed this platform yet. The link makes the first sysadmin, once:\n${paint.bold(link)}`);
}

/** The control plane keeps the link in a file as long as nobody has claimed the platform. */
export function claimLink(): string | undefined {
  const path = join(moloHome, 'control-plane', 'claim-link');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() || undefined : undefined;
}
