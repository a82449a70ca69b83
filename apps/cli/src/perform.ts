import { AppError } from '@molo/contracts';
import type { Action } from './action.js';
import { Cli, type CommonOptions, openTerminal } from './cli.js';
import { readSettings } from './config.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { Interrupt } from './terminal/interrupt.js';
import { line, red } from './terminal/piece.js';
import type { Terminal } from './terminal/terminal.js';

/** Runs an action and brings whatever it throws to a message on stderr and an exit code. */
export async function perform<Options, Given extends unknown[]>(load: () => Promise<Action<Options, Given>>, options: Options, given: Given): Promise<number> {
  const common = options as CommonOptions;
  let terminal = openTerminal({ colour: 'never' });
  try {
    const settings = readSettings();
    terminal = openTerminal(settings);
    const action = await load();
    return (await action(new Cli(settings, terminal, common), options, ...given)) ?? exitCodes.ok.code;
  } catch (error) {
    return report(terminal, error, common.json === true);
  }
}

/** With --json an error is its problem document, on stderr as every error. */
function report(terminal: Terminal, error: unknown, json: boolean): number {
  if (error instanceof Interrupt) return exitCodes.interrupted.code;
  if (!(error instanceof AppError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.note(line`${red('Error:')} Something broke inside molo itself. Please report this with the lines below.\n${text}`);
    return exitCodes.failed.code;
  }
  if (json) terminal.note(line`${JSON.stringify(error.toProblem())}`);
  else {
    terminal.note(line`${red('Error:')} ${error.detail}`);
    // The platform's own sentence often names the fields already.
    for (const { path, message } of (error.errors ?? []).filter((field) => !error.detail.includes(field.message))) terminal.note(line`  ${path}: ${message}`);
    if (error.code === 'not_signed_in' && !error.detail.includes('molo login')) terminal.note(line`Sign in with: molo login`);
  }
  return exitCodeOf(error);
}
