import type { MoloClient } from '@molo/client';
import { AppError, AppRole, type Robot, Role } from '@molo/contracts';
import { type CreateTokenOptions, findToken, newTokenOf, showNewToken, showTokens } from '../access/tokens.js';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { bold, line } from '../terminal/piece.js';

export async function listRobots(cli: Cli): Promise<void> {
  const client = await cli.client();
  const robots = await readPages((query) => client.listRobots({ query }));
  if (cli.isJson) return cli.terminal.json(robots);
  if (robots.length === 0) return cli.terminal.note(line`There are no robots. Make one for an app with: molo robots create ci --app myapp`);
  cli.terminal.table(robots, [
    { title: 'ROBOT', value: (robot) => robot.name },
    { title: 'OF', value: (robot) => robot.app ?? 'the platform' },
    { title: 'ROLE', value: (robot) => (robot.app === null ? robot.role : null) },
    { title: 'SINCE', value: (robot) => ago(robot.createdAt) },
    { title: 'ID', value: (robot) => robot.id },
  ]);
}

interface CreateOptions extends CommonOptions {
  readonly role?: string;
}

export async function createRobot(cli: Cli, options: CreateOptions, name: string): Promise<void> {
  const robot = await make(await cli.client(), options, name);
  if (cli.isJson) return cli.terminal.json(robot);
  cli.terminal.say(line`Made the robot ${bold(robot.name)} of ${robot.app ?? 'the platform'}. Make a token for it with: molo robots create-token ${robot.name} TOKEN`);
}

async function make(client: MoloClient, { app, role }: CreateOptions, name: string): Promise<Robot> {
  if (app === undefined) return await client.createRobot({ body: { name, ...(role === undefined ? {} : { role: roleOf(Role, role, 'on the platform') }) } });
  return await client.createAppRobot({ params: { app }, body: { name, ...(role === undefined ? {} : { role: roleOf(AppRole, role, 'on an app') }) } });
}

/** The roles on the platform and on apps share some names and not all. */
function roleOf<Kind extends typeof Role | typeof AppRole>(kind: Kind, role: string, on: string): Kind['options'][number] {
  const known = kind.options.find((each) => each === role);
  if (known !== undefined) return known;
  throw new AppError('invalid_input', { detail: `There is no role ${role} ${on}. There are: ${kind.options.join(', ')}.` });
}

export async function removeRobot(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const robot = await findRobot(client, named);
  await confirm(cli.terminal, `Whatever uses a token of the robot ${robot.name} is refused from then on.`, 'yes', options.yes);
  await client.removeRobot({ params: { robotId: robot.id } });
  if (cli.isJson) return cli.terminal.json({ removed: robot.id });
  cli.terminal.say(line`Removed the robot ${robot.name}.`);
}

export async function listRobotTokens(cli: Cli, _options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const { id, name } = await findRobot(client, named);
  showTokens(cli, await readPages((query) => client.listRobotTokens({ params: { robotId: id }, query })), `molo robots create-token ${name} TOKEN`);
}

export async function createRobotToken(cli: Cli, options: CreateTokenOptions, named: string, name: string): Promise<void> {
  const client = await cli.client();
  const { id } = await findRobot(client, named);
  showNewToken(cli, await client.createRobotToken({ params: { robotId: id }, body: newTokenOf(options, name) }));
}

export async function revokeRobotToken(cli: Cli, options: CommonOptions, named: string, namedToken: string): Promise<void> {
  const client = await cli.client();
  const robot = await findRobot(client, named);
  const token = findToken(await readPages((query) => client.listRobotTokens({ params: { robotId: robot.id }, query })), namedToken);
  await confirm(cli.terminal, `Whatever uses the token ${token.name} of ${robot.name} is refused from then on.`, 'yes', options.yes);
  await client.revokeRobotToken({ params: { robotId: robot.id, tokenId: token.id } });
  if (cli.isJson) return cli.terminal.json({ revoked: token.id });
  cli.terminal.say(line`Revoked ${token.name} of ${robot.name}.`);
}

async function findRobot(client: MoloClient, named: string): Promise<Robot> {
  const robots = await readPages((query) => client.listRobots({ query }));
  const found = robots.filter(({ id, name }) => id === named || name.toLowerCase() === named.toLowerCase());
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) throw new AppError('conflict', { detail: `${found.length} robots are named ${named}. Name one by its id: molo robots lists them.` });
  throw new AppError('not_found', { detail: `There is no robot ${named}. molo robots lists those that there are.` });
}
