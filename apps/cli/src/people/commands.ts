import { type Command, Option } from 'commander';
import { aboutApp, asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers, takes } from '../completion/offers.js';
import { addRobotCommands } from './robot-commands.js';
import { addUserCommands } from './user-commands.js';

export function addPeopleCommands(program: Command): void {
  addUserCommands(program);
  addTeamCommands(program);
  addMemberCommands(program);
  addRobotCommands(program);
  examples(
    asJson(program.command('accept <link>'))
      .summary('follow an invitation link')
      .description('Follow an invitation link: choose name and password, and keep a token for the platform, as login does.')
      .option('--name <name>', 'your name, as others see it')
      .addOption(new Option('--password <->', '- reads the password from stdin').choices(['-']))
      .action(runs(async () => (await import('../access/accept.js')).accept)),
    "molo accept 'http://molo.example.com/invitation?token=…'",
  );
}

function addTeamCommands(program: Command): void {
  const teams = examples(
    asJson(program.command('teams'))
      .description('list teams; also: create, rename, remove, add-user, remove-user')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./teams.js')).listTeams)),
    'molo teams',
    'molo teams create crew',
  );
  examples(
    asJson(teams.command('list')).description('list teams and their users').action(runs(async () => (await import('./teams.js')).listTeams)),
    'molo teams list --json',
  );
  examples(
    asJson(teams.command('create <name>'))
      .summary('make a team')
      .description('Make a team: a named set of users, to which apps give a role as to one user.')
      .action(runs(async () => (await import('./teams.js')).createTeam)),
    'molo teams create crew',
  );
  examples(
    asJson(offers(teams.command('rename <team> <name>'), { team: 'teams' })).description('give a team another name').action(runs(async () => (await import('./teams.js')).renameTeam)),
    'molo teams rename crew deckhands',
  );
  examples(
    confirmed(asJson(offers(teams.command('remove <team>'), { team: 'teams' }))).description('remove a team: its users lose what they may do through it').action(runs(async () => (await import('./teams.js')).removeTeam)),
    'molo teams remove crew',
  );
  examples(
    asJson(offers(teams.command('add-user <team> <email>'), { team: 'teams', email: 'users' })).description('add a user to a team').action(runs(async () => (await import('./teams.js')).addTeamUser)),
    'molo teams add-user crew ada@example.com',
  );
  examples(
    asJson(offers(teams.command('remove-user <team> <email>'), { team: 'teams', email: 'teamUsers' })).description('take a user out of a team').action(runs(async () => (await import('./teams.js')).removeTeamUser)),
    'molo teams remove-user crew ada@example.com',
  );
}

function addMemberCommands(program: Command): void {
  const members = examples(
    asJson(aboutApp(program.command('members')))
      .description('list who has a role on an app; also: add, remove')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./members.js')).listMembers)),
    'molo members --app myapp',
    'molo members add ada@example.com --role developer --app myapp',
  );
  examples(
    asJson(aboutApp(members.command('list'))).description('list who has a role on an app').action(runs(async () => (await import('./members.js')).listMembers)),
    'molo members list --app myapp --json',
  );
  examples(
    asJson(aboutApp(offers(members.command('add [email]'), { email: 'users' })))
      .summary('give somebody a role on an app')
      .description('Give a user, a team or a robot a role on an app; who has one gets this in its place. It adds to the role\non the platform: viewers read, developers deploy, admins also delete the app and choose its members.')
      .addOption(takes(new Option('--team <team>', 'a team in the place of a user'), 'teams'))
      .addOption(takes(new Option('--robot <robot>', 'a robot in the place of a user, by its name or its id'), 'robots'))
      .addOption(new Option('--role <role>', 'the role on the app').choices(['admin', 'developer', 'viewer']).makeOptionMandatory())
      .action(runs(async () => (await import('./members.js')).addMember)),
    'molo members add ada@example.com --role admin --app myapp',
    'molo members add --team crew --role developer --app myapp',
  );
  examples(
    confirmed(asJson(aboutApp(offers(members.command('remove <member>'), { member: 'members' }))))
      .description('take the role on an app away, named by e-mail address, name or id')
      .action(runs(async () => (await import('./members.js')).removeMember)),
    'molo members remove ada@example.com --app myapp',
  );
}

