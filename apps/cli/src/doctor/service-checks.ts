import { type Check, type Finding, NotSeen, ok, problem, warning } from './check.js';
import { holdersOf, isWithin } from './listening-programs.js';
import type { KeptParts, Machine } from './machine.js';

const ports = [
  { name: 'HTTP', setting: 'MOLO_HTTP_PORT', service: 'haproxy', isServed: true },
  // Kept for TLS.
  { name: 'HTTPS', setting: 'MOLO_HTTPS_PORT', service: 'haproxy', isServed: false },
  { name: 'SSH', setting: 'MOLO_SSH_PORT', service: 'control-plane', isServed: true },
  { name: 'registry', setting: 'MOLO_REGISTRY_PORT', service: 'registry', isServed: true },
] as const;

type Port = (typeof ports)[number];

/** The programs that set-up keeps running, and their ports. */
export function serviceChecks(machine: Machine): Check[] {
  return [
    { name: 'services', run: async () => checkServices(await machine.kept(), machine.home) },
    ...ports.map((port) => ({ name: `${port.name} port`, run: async () => checkPort(port, await keptOf(machine), machine) })),
  ];
}

async function keptOf(machine: Machine): Promise<KeptParts> {
  const kept = await machine.kept();
  if (kept.parts.length === 0) throw new NotSeen('no service is kept', 'Mend first: services');
  return kept;
}

function checkServices({ parts }: KeptParts, home: string): Finding {
  if (parts.length === 0) return problem(`nothing was set up in ${home} to the end`, 'npm start');
  const away = parts.filter(({ state }) => state !== 'up');
  if (away.length === 0) return ok(`${parts.map(({ name }) => name).join(', ')} run and answer`);
  if (parts.every(({ name, state }) => name === 'docker' || state === 'down')) return problem('all of them are down', 'npm start');
  const found = away.map(({ name, state }) => (state === 'down' ? `${name} is down` : `${name} runs and does not answer`)).join(', ');
  // An engine of the machine's own has its log elsewhere.
  const spoken = away.find(({ name }) => name !== 'docker');
  return problem(found, `npm start${spoken ? `. Last words: tail ${home}/log/${spoken.name}/current` : ''}`);
}

async function checkPort({ setting, service, isServed }: Port, { settings, parts }: KeptParts, { home, asRoot }: Machine): Promise<Finding> {
  const port = Number(settings[setting]);
  const served = parts.find((part) => part.name === service);
  if (served === undefined) return ok(`${service} is not kept on this machine`);
  if (!port) return problem(`${setting} is not in molo.env`, 'npm start');
  const holders = await holdersOf(port);
  // A service that is down is told by the check of the services.
  if (holders.length === 0) return isServed && served.state !== 'down' ? problem(`${service} runs and does not listen on ${port}`, `Its last words: tail ${home}/log/${service}/current. Then: npm start`) : ok(`${port} is free for ${service}`);
  const pids = parts.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  for (const holder of holders) {
    if (holder === undefined) return warning(`who listens on ${port} cannot be seen`, asRoot);
    if (!(await isWithin(holder.pid, pids))) return problem(`${holder.program} (pid ${holder.pid}), which is not of this platform, listens on ${port}`, `Stop it and then: npm start. Or take another port: ${setting}=… npm start`);
  }
  return ok(`${port} is held by ${service}`);
}
