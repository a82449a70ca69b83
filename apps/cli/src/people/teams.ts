import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { bold, line } from '../terminal/piece.js';
import { findUser } from './find-user.js';

export async function listTeams(cli: Cli): Promise<void> {
  const client = await cli.client();
  const teams = await readPages((query) => client.listTeams({ query }));
  if (cli.isJson) return cli.terminal.json(teams);
  if (teams.length === 0) return cli.terminal.note(line`There are no teams yet. Make one with: molo teams create crew`);
  cli.terminal.table(teams, [
    { title: 'TEAM', value: (team) => team.name },
    { title: 'USERS', value: (team) => team.users.map((user) => user.email ?? user.name).join(', ') || null },
  ]);
}

export async function createTeam(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  const team = await (await cli.client()).createTeam({ body: { name } });
  if (cli.isJson) return cli.terminal.json(team);
  cli.terminal.say(line`Made the team ${bold(team.name)}. Add users with: molo teams add-user ${team.name} ada@example.com`);
  cli.terminal.say(line`Give it a role on an app with: molo members add --team ${team.name} --app myapp`);
}

export async function renameTeam(cli: Cli, _options: CommonOptions, team: string, name: string): Promise<void> {
  const renamed = await (await cli.client()).updateTeam({ params: { team }, body: { name } });
  if (cli.isJson) return cli.terminal.json(renamed);
  cli.terminal.say(line`The team ${team} is called ${bold(renamed.name)} from now on.`);
}

export async function removeTeam(cli: Cli, options: CommonOptions, team: string): Promise<void> {
  await confirm(cli.terminal, `The users of ${team} lose what they may do through it.`, team, options.yes);
  await (await cli.client()).removeTeam({ params: { team } });
  if (cli.isJson) return cli.terminal.json({ removed: team });
  cli.terminal.say(line`Removed the team ${team}.`);
}

export async function addTeamUser(cli: Cli, _options: CommonOptions, team: string, named: string): Promise<void> {
  const client = await cli.client();
  const user = await findUser(client, named);
  const changed = await client.addTeamUser({ params: { team, userId: user.id } });
  if (cli.isJson) return cli.terminal.json(changed);
  cli.terminal.say(line`${user.email} is in the team ${bold(team)}.`);
}

export async function removeTeamUser(cli: Cli, _options: CommonOptions, team: string, named: string): Promise<void> {
  const client = await cli.client();
  const user = await findUser(client, named);
  await client.removeTeamUser({ params: { team, userId: user.id } });
  if (cli.isJson) return cli.terminal.json({ team, removed: user.id });
  cli.terminal.say(line`${user.email} is in the team ${team} no longer.`);
}
