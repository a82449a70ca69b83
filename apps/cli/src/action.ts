import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { offers } from './completion/offers.js';

/** What a command does. It is given what was typed and returns the exit code, 0 where it returns none. */
export type Action<Options, Given extends unknown[]> = (cli: Cli, options: Options, ...given: Given) => Promise<number | void>;

/** Loads an action only when its command runs, so that `molo --help` loads none. */
export function runs<Options, Given extends unknown[]>(load: () => Promise<Action<Options, Given>>) {
  return async (...parsed: unknown[]): Promise<void> => {
    // A group such as `molo apps` takes --json wherever it stands, also behind its subcommand.
    const options = (parsed.at(-1) as Command).optsWithGlobals<Options & object>();
    const given = parsed.slice(0, -2) as Given;
    const { perform } = await import('./perform.js');
    process.exitCode = await perform(load, options, given);
  };
}

/** `molo apps` lists and `molo apps create` creates: what is neither is a misspelt subcommand. */
export function runsAlone<Options>(load: () => Promise<Action<Options, []>>) {
  const run = runs(load);
  return async (options: Options, command: Command): Promise<void> => {
    // Commander knows the nearest name and keeps the method to itself.
    if (command.args.length > 0) (command as Command & { unknownCommand: () => never }).unknownCommand();
    await run(options, command);
  };
}

export function aboutApp(command: Command): Command {
  return offers(command.option('-a, --app <name>', 'the app (default: MOLO_APP, or the git remote molo of this directory)'), { '--app': 'apps' });
}

export function aboutEnvironment(command: Command): Command {
  return offers(aboutApp(command).option('-e, --env <name>', 'the environment (default: MOLO_ENVIRONMENT, or production)'), { '--env': 'environments' });
}

export function asJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

/** For commands that deploy. */
export function following(command: Command): Command {
  return asJson(aboutEnvironment(command)).option('-d, --detach', 'do not follow the deployment');
}

/** For commands that take something away. */
export function confirmed(command: Command): Command {
  return command.option('-y, --yes', 'do not ask');
}

/** Every command shows at least one; they stand below its help. */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
