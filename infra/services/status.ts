import { moloHome } from '../config.ts';
import { engineAnswers } from '../setup/engine.ts';
import type { Settings } from '../setup/settings.ts';
import { paint, say } from '../terminal/progress.ts';
import { keptServices, serviceAnswers, serviceState } from './supervisor.ts';

export interface PartStatus {
  readonly name: string;
  /** `starting`: it runs and does not answer. */
  readonly state: 'up' | 'starting' | 'down';
  readonly pid: number | null;
  readonly uptimeSeconds: number | null;
  readonly port: number | null;
}

const order = ['supervisor', 'dockerd', 'postgres', 'redis', 'registry', 'control-plane', 'agent', 'haproxy', 'dashboard'];
const portNames: Readonly<Record<string, string>> = {
  postgres: 'MOLO_POSTGRES_PORT',
  redis: 'MOLO_REDIS_PORT',
  registry: 'MOLO_REGISTRY_PORT',
  'control-plane': 'MOLO_API_PORT',
  haproxy: 'MOLO_HTTP_PORT',
  dashboard: 'MOLO_DASHBOARD_PORT',
};

/** Those that hold no secret and that others go by, such as `molo doctor`. */
const shownSettings = ['MOLO_HTTP_PORT', 'MOLO_HTTPS_PORT', 'MOLO_SSH_PORT', 'MOLO_REGISTRY_PORT', 'MOLO_DOCKER_SOCKET', 'MOLO_EXTRA_CA'];

/** Every part that this machine keeps, and the engine that it uses. Empty where nothing was set up. */
export async function statusOf(settings: Settings): Promise<PartStatus[]> {
  const kept = keptServices().toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
  if (kept.length === 0) return [];
  const parts = await Promise.all(kept.map((name) => partStatus(name, settings)));
  return kept.includes('dockerd') ? parts : [await engineStatus(settings), ...parts];
}

async function partStatus(name: string, settings: Settings): Promise<PartStatus> {
  const { running, pid, seconds } = await serviceState(name);
  const state = !running ? 'down' : (await serviceAnswers(name)) ? 'up' : 'starting';
  const port = settings[portNames[name] ?? ''];
  return { name, state, pid: pid ?? null, uptimeSeconds: running ? seconds : null, port: port ? Number(port) : null };
}

/** An engine that the machine keeps itself has no process of ours to show. */
async function engineStatus(settings: Settings): Promise<PartStatus> {
  const up = await engineAnswers(settings['MOLO_DOCKER_SOCKET'] ?? '/var/run/docker.sock');
  return { name: 'docker', state: up ? 'up' : 'down', pid: null, uptimeSeconds: null, port: null };
}

export function showStatus(parts: readonly PartStatus[], settings: Settings, { asJson }: { asJson: boolean }): void {
  if (asJson) return say(JSON.stringify(statusAsJson(parts, settings), null, 2));
  if (parts.length === 0) return say(`Molo is not set up in ${moloHome}. Set it up and start it with: npm start`);
  say(paint.bold(row(['part', 'state', 'pid', 'uptime', 'port'])));
  for (const part of parts) {
    const colour = { up: paint.green, starting: paint.yellow, down: paint.red }[part.state];
    const text = row([part.name, part.state, part.pid ?? '–', part.uptimeSeconds === null ? '–' : duration(part.uptimeSeconds), part.port ?? '–']);
    say(text.replace(part.state, colour(part.state)));
  }
}

/** For programs. */
export function statusAsJson(parts: readonly PartStatus[], settings: Settings) {
  const shown = Object.fromEntries(shownSettings.flatMap((name) => (settings[name] ? [[name, settings[name]]] : [])));
  return { home: moloHome, up: parts.length > 0 && parts.every((part) => part.state === 'up'), settings: shown, parts };
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => String(cell).padEnd([15, 10, 9, 12, 6][index] ?? 0)).join('').trimEnd();
}

function duration(totalSeconds: number): string {
  const [days, hours, minutes] = [Math.floor(totalSeconds / 86_400), Math.floor((totalSeconds % 86_400) / 3600), Math.floor((totalSeconds % 3600) / 60)];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${totalSeconds % 60} s` : `${totalSeconds} s`;
}
