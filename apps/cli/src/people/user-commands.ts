import { Argument, type Command, Option } from 'commander';
import { asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';
import { invitationDays } from '../arguments.js';

const roles = ['sysadmin', 'developer', 'viewer', 'member'];

export function addUserCommands(program: Command): void {
  const users = examples(
    asJson(program.command('users'))
      .description('list users; also: invite, set-role, rename, disable, enable, remove, sessions, sign-out, remove-second-factor')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./users.js')).listUsers)),
    'molo users',
    'molo users invite ada@example.com --role developer',
  );
  examples(
    asJson(users.command('list')).description('list users').action(runs(async () => (await import('./users.js')).listUsers)),
    'molo users list --json',
  );
  addInvite(users);
  addChanges(users);
  examples(
    confirmed(asJson(offers(users.command('remove <email>'), { email: 'users' })))
      .description('remove a user with their tokens, SSH keys and roles; what they did stays in the audit')
      .action(runs(async () => (await import('./users.js')).removeUser)),
    'molo users remove ada@example.com',
  );
  examples(
    asJson(offers(users.command('sessions <email>'), { email: 'users' })).description('list where a user is signed in').action(runs(async () => (await import('./users.js')).listUserSessions)),
    'molo users sessions ada@example.com',
  );
  examples(
    confirmed(asJson(offers(users.command('sign-out <email>'), { email: 'users' }))).description('end all sessions of a user').action(runs(async () => (await import('./users.js')).signOutUser)),
    'molo users sign-out ada@example.com',
  );
  examples(
    confirmed(asJson(offers(users.command('remove-second-factor <email>'), { email: 'users' })))
      .description('let a user who has lost their authenticator app and recovery codes sign in with the password alone')
      .action(runs(async () => (await import('./users.js')).removeSecondFactor)),
    'molo users remove-second-factor ada@example.com',
  );
}

function addInvite(users: Command): void {
  examples(
    asJson(users.command('invite <email>'))
      .summary('invite a user')
      .description('Invite a user. The link by which they choose their password is shown this once, alone on stdout; hand it on, as\nMolo sends no mail. Roles: sysadmin may all, developer deploys every app, viewer reads every app, member sees\nthe apps that they are a member of.')
      .addOption(new Option('--role <role>', 'the role on the platform (default: member)').choices(roles))
      .option('--name <name>', 'their name, until they choose it')
      .option('--expires <days>', 'how long the link works, 30 at most (default: 7)', invitationDays)
      .option('--again', 'make a new link for a user who has lost theirs, or their password')
      .action(runs(async () => (await import('./users.js')).inviteUser)),
    'molo users invite ada@example.com --role developer',
    'molo users invite ada@example.com --again',
  );
}

function addChanges(users: Command): void {
  examples(
    asJson(offers(users.command('set-role <email>'), { email: 'users' }).addArgument(new Argument('<role>', 'the role on the platform').choices(roles)))
      .description("change a user's role on the platform")
      .action(runs(async () => (await import('./users.js')).setRole)),
    'molo users set-role ada@example.com sysadmin',
  );
  examples(
    asJson(offers(users.command('rename <email> <name>'), { email: 'users' })).description("change a user's name").action(runs(async () => (await import('./users.js')).renameUser)),
    "molo users rename ada@example.com 'Ada Lovelace'",
  );
  examples(
    confirmed(asJson(offers(users.command('disable <email>'), { email: 'users' })))
      .description('refuse a user at once, however they come; they keep what they have')
      .action(runs(async () => (await import('./users.js')).disableUser)),
    'molo users disable ada@example.com',
  );
  examples(
    asJson(offers(users.command('enable <email>'), { email: 'users' })).description('let a disabled user in again').action(runs(async () => (await import('./users.js')).enableUser)),
    'molo users enable ada@example.com',
  );
}
