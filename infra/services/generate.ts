import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, writeAtomically, type Owner } from '../setup/files.ts';
import { supervisor } from './keeper.ts';
import { agent, controlPlane, dashboard, dockerd, haproxy } from './programs.ts';
import { checkScript, logScript, runScript, type RunAs } from './run-script.ts';
import type { Service, Surroundings } from './service.ts';
import { postgres, redis, registry } from './stores.ts';

const logFileBytes = 1_000_000;
const logFiles = 10;

/** Every service that this machine is to keep, in the order in which they come up. */
export function servicesOf(surroundings: Surroundings): Service[] {
  const { settings, ownEngine } = surroundings;
  return [
    supervisor(surroundings),
    ...(ownEngine ? [dockerd(surroundings)] : []),
    ...(settings['MOLO_PRIVATE_POSTGRES'] === 'yes' ? [postgres(surroundings)] : []),
    ...(settings['MOLO_PRIVATE_REDIS'] === 'yes' ? [redis(surroundings)] : []),
    registry(surroundings),
    controlPlane(surroundings),
    agent(surroundings),
    haproxy(surroundings),
    dashboard(surroundings),
  ];
}

/** Writes the folder of each service as runit wants it, and takes away those that are no more. */
export function writeServices(services: readonly Service[], runAs: RunAs, owner: Owner | undefined): void {
  for (const service of services) writeService(service, runAs, owner);
}

/** Folders of services that set-up no longer wants; they are to be stopped and removed. */
export function outdatedServices(services: readonly Service[], home: string): string[] {
  const folder = join(home, 'services');
  const wanted = new Set(services.map((service) => service.name));
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.') && !wanted.has(name)) : [];
}

/** A new service starts hidden and down: runsvdir sees it whole, and `start` alone brings it up. */
function writeService(service: Service, runAs: RunAs, owner: Owner | undefined): void {
  const place = join(runAs.home, 'services', service.name);
  const isNew = !existsSync(place);
  const folder = isNew ? join(runAs.home, 'services', `.${service.name}`) : place;
  if (isNew) rmSync(folder, { recursive: true, force: true });
  makeFolder(folder);
  makeFolder(join(folder, 'log'));
  if (isNew) writeAtomically(join(folder, 'down'), '');
  writeAtomically(join(folder, 'run'), runScript(service, runAs), { mode: 0o755 });
  writeAtomically(join(folder, 'check'), checkScript(service), { mode: 0o755 });
  writeAtomically(join(folder, 'log', 'run'), logScript(runAs.home, service.name, runAs.user), { mode: 0o755 });
  if (service.endSignal === 'INT') writeControl(folder);
  for (const [name, content] of Object.entries(service.files ?? {})) writeAtomically(join(folder, name), content, { mode: 0o600, owner });
  const log = join(runAs.home, 'log', service.name);
  makeFolder(log, { mode: 0o750, owner });
  writeAtomically(join(log, 'config'), `s${logFileBytes}\nn${logFiles}\n`, { owner });
  if (isNew) renameSync(folder, place);
}

/** runit sends SIGTERM unless a control script of the service's own says that it has done it. */
function writeControl(folder: string): void {
  makeFolder(join(folder, 'control'));
  writeAtomically(join(folder, 'control', 't'), '#!/bin/sh\nexec kill -INT "$(cat supervise/pid)"\n', { mode: 0o755 });
}

/** Changes whenever a running service would have to be restarted to be as set-up wants it. */
export function fingerprint(service: Service, runAs: RunAs): string {
  const hash = createHash('sha256').update(runScript(service, runAs)).update(service.version ?? '');
  for (const [name, content] of Object.entries(service.files ?? {})) hash.update(name).update(content);
  const settings = readFileSync(join(runAs.home, 'molo.env'), 'utf8');
  if (service.name === 'registry') hash.update(readFileSync(join(runAs.home, 'tls/registry.crt')));
  else if (service.version !== undefined) hash.update(settings);
  return hash.digest('hex');
}
