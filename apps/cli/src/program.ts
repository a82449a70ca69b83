import { Command, CommanderError } from 'commander';
import { addAccessCommands } from './access/commands.js';
import { runs } from './action.js';
import { addConfigCommands } from './app-config/commands.js';
import { addAppCommands } from './apps/commands.js';
import { addApprovalCommands } from './approvals/commands.js';
import { addCompletionAnswer, addCompletionCommands } from './completion/commands.js';
import { offers } from './completion/offers.js';
import { addDeploymentCommands } from './deployments/commands.js';
import { addDomainCommands } from './domains/commands.js';
import { addEnvironmentCommands } from './environments/commands.js';
import { exitCodes } from './exit-codes.js';
import { addInstanceCommands } from './instances/commands.js';
import { addNodeCommands } from './nodes/commands.js';
import { addPeopleCommands } from './people/commands.js';
import { addPlatformCommands } from './platform/commands.js';
import { addReleaseCommands } from './releases/commands.js';
import { version } from './version.js';

const firstSteps = `
First steps:
  $ molo login http://molo.example.com
  $ molo apps create myapp
  $ molo deploy
  $ molo logs -f

Every command has --help. Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 unavailable,
6 conflict, 7 molo doctor found a problem, 130 interrupted.`;

/** All commands; nothing that they need is loaded before one of them runs. */
export function makeProgram(): Command {
  const program = new Command('molo')
    .description('Deliver apps by git push to your own servers.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('Run it with --help to see how it is used.')
    .configureHelp({ showGlobalOptions: false })
    .addHelpCommand(offers(new Command('help').argument('[command]'), { command: 'commands' }).helpGroup('Platform:').description('show help for a command'))
    .exitOverride()
    .addHelpText('after', firstSteps);
  for (const [heading, add] of groups) addUnder(program, heading, add);
  program.command('git-credential <operation>', { hidden: true }).action(runs(async () => (await import('./git/credential.js')).answerGit));
  addCompletionAnswer(program);
  return program;
}

const groups = [
  ['Apps:', addAppCommands],
  ['Apps:', addEnvironmentCommands],
  ['Deployments:', addDeploymentCommands],
  ['Deployments:', addApprovalCommands],
  ['Releases:', addReleaseCommands],
  ['Running:', addInstanceCommands],
  ['Settings of an app:', addConfigCommands],
  ['Settings of an app:', addDomainCommands],
  ['Access:', addAccessCommands],
  ['People:', addPeopleCommands],
  ['Platform:', addPlatformCommands],
  ['Platform:', addNodeCommands],
  ['Platform:', addCompletionCommands],
] as const;

function addUnder(program: Command, heading: string, add: (program: Command) => void): void {
  const before = program.commands.length;
  add(program);
  for (const command of program.commands.slice(before)) command.helpGroup(heading);
}

/** Parses and runs; only what is wrong with the words themselves is answered here. */
export async function run(argv: readonly string[]): Promise<void> {
  endQuietlyWhenNobodyReads();
  const program = makeProgram();
  try {
    if (argv.length <= 2) program.outputHelp();
    else await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
  }
}

/** `molo logs | head` ends without a word when head has enough. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok.code);
    throw error;
  });
}
