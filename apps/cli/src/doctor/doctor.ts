import { setMaxListeners } from 'node:events';
import type { Cli } from '../cli.js';
import { count } from '../terminal/measures.js';
import { bold, dim, green, line, type Piece, red, yellow } from '../terminal/piece.js';
import { certificateChecks, checkExtraCa } from './certificate-checks.js';
import { type Check, examine, exitCodeOf, type Finding, warning } from './check.js';
import { engineChecks } from './engine-checks.js';
import { gitChecks } from './git-checks.js';
import { Machine } from './machine.js';
import { machineChecks } from './machine-checks.js';
import { Platform } from './platform.js';
import { platformChecks } from './platform-checks.js';
import { serviceChecks } from './service-checks.js';

/** Longer than a service is given to answer its own check. */
const withinMs = 10_000;

/** Looks at this machine and at the way to the platform; the exit code says whether there is a problem. */
export async function doctor(cli: Cli): Promise<number> {
  const end = new AbortController();
  // Each check listens to it, which is no leak.
  setMaxListeners(0, end.signal);
  const timer = setTimeout(() => end.abort(), withinMs);
  try {
    const checks = await checksHere(cli, end.signal);
    const begun = examine(checks, end.signal);
    if (!cli.isJson) return exitCodeOf(await tell(cli, checks, begun));
    const findings = await Promise.all(begun);
    cli.terminal.json(findings.map((finding, index) => ({ name: checks[index]?.name, ...finding })));
    return exitCodeOf(findings);
  } finally {
    clearTimeout(timer);
    // What is still under way would keep the program from ending.
    end.abort();
  }
}

async function checksHere(cli: Cli, signal: AbortSignal): Promise<Check[]> {
  const { settings } = cli;
  const machine = new Machine(settings.home, signal);
  const platform = new Platform(cli, signal);
  return [
    ...platformChecks(cli, signal, platform, machine),
    { name: 'extra CA', run: () => checkExtraCa(settings.extraCaFile, "Let MOLO_EXTRA_CA name a file with the certificates of your site's CA, as PEM, or unset it.") },
    ...gitChecks(signal, platform, { ofPlatform: machine.isHere }),
    ...(machine.isHere ? await checksOfMachine(machine) : []),
  ];
}

async function checksOfMachine(machine: Machine): Promise<Check[]> {
  if (!(await machine.isOurs())) {
    return [{ name: 'machine', run: () => Promise.resolve(warning(`the platform in ${machine.home} is somebody else's, so this machine was not looked at`, machine.asRoot)) }];
  }
  return [...serviceChecks(machine), ...engineChecks(machine), ...machineChecks(machine), ...certificateChecks(machine)];
}

/** Each line as soon as it and those before it are there. */
async function tell(cli: Cli, checks: readonly Check[], begun: readonly Promise<Finding>[]): Promise<Finding[]> {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const findings: Finding[] = [];
  for (const [index, check] of checks.entries()) {
    const finding = (await begun[index]) as Finding;
    findings.push(finding);
    const advice: Piece = finding.advice === null ? '' : bold(oneLine(finding.advice));
    cli.terminal.say(line`${paintedStatus(finding)}  ${check.name.padEnd(width)}  ${oneLine(finding.found)}${advice === '' ? '' : dim(' → ')}${advice}`);
  }
  cli.terminal.note(line`${summary(findings)}`);
  return findings;
}

function paintedStatus({ status }: Finding): Piece {
  return { ok: green, warning: yellow, problem: red }[status](status.padEnd('problem'.length));
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

function summary(findings: readonly Finding[]): string {
  const of = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  return `${count(findings.length, 'check')}: ${count(of('problem'), 'problem')}, ${count(of('warning'), 'warning')}.`;
}
