import { AppError, type ConfigEntry, ConfigKey } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { settle } from '../deployments/follow.js';
import { askSecret, readInput } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { dim, line } from '../terminal/piece.js';

export async function listConfig(cli: Cli): Promise<void> {
  const params = await cli.target();
  const { items } = await (await cli.client()).getConfig({ params });
  if (cli.isJson) return cli.terminal.json(items);
  if (items.length === 0) return cli.terminal.note(line`${params.environment} of ${params.app} has no config. Set some with: molo config set KEY=value`);
  cli.terminal.table(items, [
    { title: 'KEY', value: (entry) => entry.key },
    { title: 'SET', value: (entry) => ago(entry.updatedAt) },
    { title: 'VALUE', value: (entry) => (entry.secret ? dim('(secret)') : entry.value) },
  ]);
}

/** The bare value, for scripts. */
export async function getConfig(cli: Cli, _options: CommonOptions, key: string): Promise<void> {
  const params = await cli.target();
  const { items } = await (await cli.client()).getConfig({ params });
  const entry = items.find((each) => each.key === key);
  if (!entry) throw new AppError('not_found', { detail: `${key} is not set in ${params.environment} of ${params.app}. molo config lists what is.` });
  if (cli.isJson) return cli.terminal.json(entry);
  if (entry.value === null) throw new AppError('conflict', { detail: `${key} is a secret: it can be replaced, never read.` });
  cli.terminal.raw(`${entry.value}\n`);
}

interface ChangeOptions extends CommonOptions {
  readonly secret?: boolean;
}

export async function setConfig(cli: Cli, options: ChangeOptions, assignments: string[]): Promise<number> {
  const set = await readAssignments(cli, assignments);
  return change(cli, options, { set, secret: options.secret === true }, `Set ${Object.keys(set).join(', ')}`);
}

export async function unsetConfig(cli: Cli, options: ChangeOptions, keys: string[]): Promise<number> {
  return change(cli, options, { unset: keys }, `Unset ${keys.join(', ')}`);
}

async function change(cli: Cli, options: ChangeOptions, body: { set?: Record<string, string>; unset?: string[]; secret?: boolean }, done: string): Promise<number> {
  const params = await cli.target();
  const { items, deployment } = await (await cli.client()).updateConfig({ params, body });
  if (deployment?.approval?.decision === null) {
    cli.terminal.note(line`${params.environment} of ${params.app} is protected: its config changes once a sysadmin approves.`);
    return settle(cli, deployment, options.detach);
  }
  if (deployment) {
    cli.terminal.note(line`${done} in ${params.environment} of ${params.app}; a new release carries it.`);
    return settle(cli, deployment, options.detach);
  }
  if (cli.isJson) cli.terminal.json(items satisfies ConfigEntry[]);
  else cli.terminal.say(line`${done} in ${params.environment} of ${params.app}. The next release carries it.`);
  return 0;
}

/** `KEY=value` as it stands; `KEY` alone is asked for or read from stdin, so that a secret stays out of the shell's history. */
async function readAssignments(cli: Cli, assignments: readonly string[]): Promise<Record<string, string>> {
  const set: [key: string, value: string][] = [];
  const bare = assignments.filter((assignment) => !assignment.includes('='));
  if (bare.length > 1) throw new AppError('invalid_input', { detail: `${bare.join(' and ')} have no value. Write KEY=value, or name a single KEY to be asked for its value.` });
  for (const assignment of assignments) {
    const split = assignment.indexOf('=');
    const key = split < 0 ? assignment : assignment.slice(0, split);
    checkKey(key);
    set.push([key, split < 0 ? await readValue(cli, key) : assignment.slice(split + 1)]);
  }
  return Object.fromEntries(set);
}

/** Told before a value is asked for; and a record passes over `__proto__` in silence. */
function checkKey(key: string): void {
  const parsed = ConfigKey.safeParse(key);
  if (!parsed.success) throw new AppError('invalid_input', { detail: `${JSON.stringify(key)} cannot be a key of config: it ${parsed.error.issues[0]?.message ?? 'is not valid'}.` });
}

function readValue(cli: Cli, key: string): Promise<string> {
  return cli.terminal.isInteractive ? askSecret(`Value of ${key}: `) : readInput();
}
