import type { Command } from 'commander';
import { asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';
import { addSecondFactorCommands } from './second-factor-commands.js';
import { tokenOptions, withExpiry } from './token-options.js';

export function addAccessCommands(program: Command): void {
  examples(
    asJson(program.command('login [url]'))
      .summary('sign in to a platform')
      .description('Sign in to a platform with e-mail and password, or with a token, and keep a token for it. Who has a second factor is asked\nfor a code.')
      .option('--token <token>', 'keep this token; - reads it from stdin')
      .action(runs(async () => (await import('./login.js')).login)),
    'molo login http://molo.example.com',
    'molo login http://molo.example.com --token - < token',
  );
  examples(
    asJson(program.command('logout'))
      .description('forget the token, and end it where molo login made it')
      .action(runs(async () => (await import('./login.js')).logout)),
    'molo logout',
  );
  examples(
    asJson(program.command('whoami'))
      .description('show who you are and what you may do')
      .action(runs(async () => (await import('./login.js')).whoami)),
    'molo whoami',
    'molo whoami --json',
  );
  examples(
    asJson(program.command('password'))
      .description('change your password; all browsers are signed out')
      .option('--revoke-tokens', 'revoke all your API tokens as well, also the one that molo has here')
      .option('--remove-keys', 'remove all your SSH keys as well')
      .action(runs(async () => (await import('./password.js')).changePassword)),
    'molo password',
    'molo password --revoke-tokens --remove-keys',
  );
  addSecondFactorCommands(program);
  addSessionCommands(program);
  addTokenCommands(program);
  addKeyCommands(program);
}

function addSessionCommands(program: Command): void {
  const sessions = examples(
    asJson(program.command('sessions'))
      .description('list where you are signed in; also: end')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./sessions.js')).listSessions)),
    'molo sessions',
  );
  examples(
    asJson(sessions.command('list')).description('list where you are signed in').action(runs(async () => (await import('./sessions.js')).listSessions)),
    'molo sessions list --json',
  );
  examples(
    confirmed(asJson(offers(sessions.command('end [session]'), { session: 'sessions' })))
      .description('sign a browser out, named by the id of its session, or all of them')
      .option('--all', 'all of them')
      .action(runs(async () => {
        const { endSession } = await import('./sessions.js');
        return async (cli, options: { all?: boolean; yes?: boolean }, session: string | undefined) => endSession(cli, options, session, options.all === true);
      })),
    'molo sessions end --all',
  );
}

function addTokenCommands(program: Command): void {
  const tokens = examples(
    asJson(program.command('tokens'))
      .description('list your API tokens; also: create, revoke')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./tokens.js')).listTokens)),
    'molo tokens',
    'molo tokens create ci --rights read deploy',
  );
  examples(
    asJson(tokens.command('list')).description('list your API tokens').action(runs(async () => (await import('./tokens.js')).listTokens)),
    'molo tokens list --json',
  );
  examples(
    tokenOptions(asJson(tokens.command('create <name>')))
      .summary('make an API token')
      .description('Make an API token. It is shown this once, alone on stdout.')
      .action(
        runs(async () => {
          const { createToken } = await import('./tokens.js');
          return async (cli, options: Parameters<typeof withExpiry>[0], name: string) => createToken(cli, withExpiry(options), name);
        }),
      ),
    'MOLO_TOKEN=$(molo tokens create ci --rights read deploy --apps myapp)',
  );
  examples(
    confirmed(asJson(offers(tokens.command('revoke <token>'), { token: 'tokens' })))
      .description('revoke an API token, named by its id or its name')
      .action(runs(async () => (await import('./tokens.js')).revokeToken)),
    'molo tokens revoke ci --yes',
  );
}

function addKeyCommands(program: Command): void {
  const keys = examples(
    asJson(program.command('keys'))
      .description('list your SSH keys for git; also: add, remove')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./keys.js')).listKeys)),
    'molo keys',
    'molo keys add ~/.ssh/id_ed25519.pub',
  );
  examples(
    asJson(keys.command('list')).description('list your SSH keys').action(runs(async () => (await import('./keys.js')).listKeys)),
    'molo keys list --json',
  );
  examples(
    asJson(offers(keys.command('add [file]'), { file: 'files' }))
      .summary('add an SSH public key')
      .description('Add an SSH public key: the one in the file, on stdin for -, or the usual one in ~/.ssh.')
      .option('--name <name>', "its name (default: the key's comment)")
      .action(runs(async () => (await import('./keys.js')).addKey)),
    'molo keys add',
    'molo keys add ~/.ssh/work.pub --name work',
  );
  examples(
    confirmed(asJson(offers(keys.command('remove <key>'), { key: 'sshKeys' })))
      .description('remove an SSH key, named by its id, name or fingerprint')
      .action(runs(async () => (await import('./keys.js')).removeKey)),
    'molo keys remove work --yes',
  );
}
