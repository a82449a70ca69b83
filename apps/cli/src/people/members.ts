import { AppError, type AppRole, type Member } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { bold, line } from '../terminal/piece.js';

export async function listMembers(cli: Cli): Promise<void> {
  const client = await cli.client();
  const params = { app: await cli.app() };
  const members = await readPages((query) => client.listMembers({ params, query }));
  if (cli.isJson) return cli.terminal.json(members);
  if (members.length === 0) return cli.terminal.note(line`${params.app} has no members: whoever has a role on the platform has it here too. Add one with: molo members add ada@example.com`);
  cli.terminal.table(members, [
    { title: 'MEMBER', value: (member) => member.email ?? member.name },
    { title: 'KIND', value: (member) => member.kind },
    { title: 'ROLE', value: (member) => member.role },
    { title: 'SINCE', value: (member) => ago(member.since) },
    { title: 'NAME', value: (member) => member.name },
  ]);
}

interface AddOptions extends CommonOptions {
  readonly team?: string;
  readonly robot?: string;
  readonly role: AppRole;
}

export async function addMember(cli: Cli, { team, robot, role }: AddOptions, email: string | undefined): Promise<void> {
  const params = { app: await cli.app() };
  const named = [{ email }, { team }, { robot }].filter((each) => Object.values(each)[0] !== undefined);
  if (named.length !== 1) throw new AppError('invalid_input', { detail: 'Name one: a user by e-mail address, a team with --team, or a robot with --robot.' });
  const member = await (await cli.client()).setMember({ params, body: { ...named[0], role } });
  if (cli.isJson) return cli.terminal.json(member);
  cli.terminal.say(line`${bold(member.email ?? `${member.kind} ${member.name}`)} is ${member.role} of ${params.app}.`);
}

export async function removeMember(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const params = { app: await cli.app() };
  const member = findMember(await readPages((query) => client.listMembers({ params, query })), named);
  const who = member.email ?? `${member.kind} ${member.name}`;
  await confirm(cli.terminal, `${who} loses the role ${member.role} on ${params.app}.`, 'yes', options.yes);
  await client.removeMember({ params: { ...params, memberId: member.id } });
  if (cli.isJson) return cli.terminal.json({ removed: member.id });
  cli.terminal.say(line`${who} is no member of ${params.app} any more.`);
}

/** A user by e-mail address, a team or a robot by its name, anyone by id. */
function findMember(members: readonly Member[], named: string): Member {
  const found = members.filter((member) => member.id === named || (member.email ?? member.name).toLowerCase() === named.toLowerCase());
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) throw new AppError('conflict', { detail: `${found.length} members are named ${named}. Name one by its id: molo members --json shows it.` });
  throw new AppError('not_found', { detail: `There is no member ${named}. molo members lists those that there are.` });
}
