import type { Argument, Command, Option } from 'commander';
import type { ValueKind } from './values.js';

/** What may be completed: values of the platform or of this directory, or any file. */
export type Offer = ValueKind | 'files';

const offered = new WeakMap<Argument | Option, Offer>();

/** Says, where an option or argument is declared, which values it takes. One that has choices needs nothing more. */
export function takes<Taker extends Argument | Option>(taker: Taker, offer: Offer): Taker {
  offered.set(taker, offer);
  return taker;
}

/** The same for arguments of a command, by name, and its options, by long flag. */
export function offers(command: Command, kinds: Readonly<Record<string, Offer>>): Command {
  for (const [name, offer] of Object.entries(kinds)) {
    const taker = command.registeredArguments.find((argument) => argument.name() === name) ?? command.options.find(({ long }) => long === name);
    if (!taker) throw new Error(`${command.name()} has no ${name} to complete.`);
    takes(taker, offer);
  }
  return command;
}

export function offerOf(taker: Argument | Option): Offer | undefined {
  return offered.get(taker);
}
