import type { Argument, Command, Option } from 'commander';
import { type Offer, offerOf } from './offers.js';
import { optionsIn, optionsOf, readTyped, subcommandsOf, type Typed } from './typed.js';
import type { ValueKind } from './values.js';

/** A word that may stand at the cursor, whole. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

export type Candidates = readonly Candidate[] | 'files';

export interface Asked {
  readonly program: Command;
  readonly typed: Typed;
}

/** Fetches the values of a kind, wherever they are. */
export type ReadValues = (kind: ValueKind, asked: Asked) => Promise<readonly Candidate[]>;

/** What may stand in the place of `current`, after `words`. What `current` begins with is for the shell to match. */
export async function candidatesFor(program: Command, words: readonly string[], current: string, read: ReadValues): Promise<Candidates> {
  const typed = readTyped(program, words);
  const valuesOf = (taker: Option | Argument, given: readonly string[] = []) => values(taker, given, (kind) => read(kind, { program, typed }));
  if (typed.wanting && (typed.wanting.isOwed || !current.startsWith('-'))) {
    return valuesOf(typed.wanting.option, typed.options.get(typed.wanting.option));
  }
  if (!typed.isLiteral && current.startsWith('-')) {
    const attached = optionsIn(typed.command, current).at(-1);
    if (attached?.before === undefined) return flags(typed);
    return behind(attached.before, await valuesOf(attached.option));
  }
  const argument = argumentAt(typed);
  const operands = argument ? await valuesOf(argument, argument.variadic ? typed.operands : []) : [];
  if (operands === 'files') return operands;
  const commands = typed.operands.length === 0 ? commandNames(typed.command) : [];
  // What begins like an option would be read as one.
  const found = [...commands, ...operands.filter(({ word }) => typed.isLiteral || !word.startsWith('-'))];
  return found.length === 0 && current === '' && isComplete(typed) ? flags(typed) : found;
}

export function commandNames(command: Command): readonly Candidate[] {
  const help = command.createHelp();
  return subcommandsOf(command).map((each) => ({ word: each.name(), about: help.subcommandDescription(each) }));
}

/** The options that are not there yet; a variadic one may come again. */
function flags({ command, options }: Typed): readonly Candidate[] {
  const help = command.createHelp();
  const left = optionsOf(command).filter((option) => option.variadic || !options.has(option));
  const named = left.map((option) => ({ about: help.optionDescription(option), names: [option.long, option.short] }));
  return named.flatMap(({ about, names }) => names.filter((name) => name !== undefined).map((word) => ({ word, about })));
}

/** Only options can follow. */
function isComplete({ command, operands, isLiteral }: Typed): boolean {
  return !isLiteral && operands.length === command.registeredArguments.length && !command.registeredArguments.at(-1)?.variadic;
}

function argumentAt({ command, operands }: Typed): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[operands.length] ?? (last?.variadic ? last : undefined);
}

async function values(taker: Option | Argument, given: readonly string[], read: (kind: ValueKind) => Promise<readonly Candidate[]>): Promise<Candidates> {
  const offer: Offer | undefined = offerOf(taker);
  if (offer === 'files') return 'files';
  const all = taker.argChoices?.map((word) => ({ word, about: '' })) ?? (offer === undefined ? [] : await read(offer));
  return all.filter(({ word }) => !given.some((each) => each === word || (word.endsWith('=') && each.startsWith(word))));
}

function behind(before: string, found: Candidates): Candidates {
  return found === 'files' ? found : found.map(({ word, about }) => ({ word: `${before}${word}`, about }));
}
