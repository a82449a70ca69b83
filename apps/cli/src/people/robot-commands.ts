import { type Command, Option } from 'commander';
import { tokenOptions, withExpiry } from '../access/token-options.js';
import { asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers, takes } from '../completion/offers.js';

export function addRobotCommands(program: Command): void {
  const robots = examples(
    asJson(program.command('robots'))
      .description('list robots; also: create, remove, tokens, create-token, revoke-token')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./robots.js')).listRobots)),
    'molo robots',
    'molo robots create ci --app myapp',
  );
  examples(
    asJson(robots.command('list')).description('list robots').action(runs(async () => (await import('./robots.js')).listRobots)),
    'molo robots list --json',
  );
  examples(
    asJson(robots.command('create <name>'))
      .summary('make a robot')
      .description('Make a robot: a user for a program, without a password, with tokens alone. One of an app is in the hands of the\napp\'s admins and reaches nothing else; one of the platform (without --app) is made by sysadmins.')
      .addOption(takes(new Option('-a, --app <name>', 'the app that it belongs to'), 'apps'))
      .addOption(takes(new Option('--role <role>', 'its role: on the app (default: developer), or on the platform (default: member)'), 'robotRoles'))
      .action(runs(async () => (await import('./robots.js')).createRobot)),
    'molo robots create ci --app myapp',
    'molo robots create watcher --role viewer',
  );
  examples(
    confirmed(asJson(offers(robots.command('remove <robot>'), { robot: 'robots' }))).description('remove a robot with its tokens').action(runs(async () => (await import('./robots.js')).removeRobot)),
    'molo robots remove ci --yes',
  );
  addTokenCommands(robots);
}

function addTokenCommands(robots: Command): void {
  examples(
    asJson(offers(robots.command('tokens <robot>'), { robot: 'robots' })).description("list a robot's API tokens").action(runs(async () => (await import('./robots.js')).listRobotTokens)),
    'molo robots tokens ci',
  );
  examples(
    tokenOptions(asJson(offers(robots.command('create-token <robot> <name>'), { robot: 'robots' })))
      .summary('make an API token of a robot')
      .description('Make an API token of a robot. It is shown this once, alone on stdout.')
      .action(
        runs(async () => {
          const { createRobotToken } = await import('./robots.js');
          return async (cli, options: Parameters<typeof withExpiry>[0], robot: string, name: string) => createRobotToken(cli, withExpiry(options), robot, name);
        }),
      ),
    'MOLO_TOKEN=$(molo robots create-token ci github --expires 90)',
  );
  examples(
    confirmed(asJson(offers(robots.command('revoke-token <robot> <token>'), { robot: 'robots', token: 'robotTokens' })))
      .description('revoke an API token of a robot, named by its id or its name')
      .action(runs(async () => (await import('./robots.js')).revokeRobotToken)),
    'molo robots revoke-token ci github --yes',
  );
}
