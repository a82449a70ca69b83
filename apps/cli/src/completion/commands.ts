import { Argument, type Command } from 'commander';
import { examples } from '../action.js';
import { shellNames, shells } from './shells.js';

export function addCompletionCommands(program: Command): void {
  examples(
    program
      .command('completion')
      .addArgument(new Argument('<shell>', 'the shell that you use').choices(shellNames))
      .summary('have your shell complete commands at Tab')
      .description('Have your shell complete commands, options and their values at Tab, by the script that this prints. Names of apps,\nreleases, people and the like are asked of the platform; where it does not answer within a second, none are offered.')
      .addHelpText('after', () => `\n${installation()}`)
      .action((shell: keyof typeof shells) => {
        process.stdout.write(shells[shell].script);
      }),
    'source <(molo completion bash)',
  );
}

/** What the printed scripts call at Tab. */
export function addCompletionAnswer(program: Command): void {
  program
    .command('complete', { hidden: true })
    .addArgument(new Argument('<shell>').choices(shellNames))
    .argument('[given...]')
    .action(async (shell: keyof typeof shells, given: string[]) => (await import('./answer.js')).answer(program, shell, given));
}

function installation(): string {
  return shellNames
    .map((name) => {
      const { once, forGood } = shells[name];
      return [`In ${name}, for this session:`, `  ${once}`, `and for good:`, ...forGood.map((line) => `  ${line}`)].join('\n');
    })
    .join('\n\n');
}
