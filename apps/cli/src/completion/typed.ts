import type { Command, Option } from 'commander';

/** What stands before the cursor, read as commander will read it. */
export interface Typed {
  readonly command: Command;
  readonly operands: readonly string[];
  /** Options with the values that they were given. */
  readonly options: ReadonlyMap<Option, readonly string[]>;
  /** The option whose value comes next: it must, or for a variadic one it may go on. */
  readonly wanting: { readonly option: Option; readonly isOwed: boolean } | undefined;
  /** After `--`, where nothing is an option. */
  readonly isLiteral: boolean;
}

export function readTyped(program: Command, words: readonly string[]): Typed {
  const reader = new Reader(program);
  for (const word of words) reader.read(word);
  return reader;
}

/** An option in a word: `--app`, `--app=x`, `-a`, `-ax`, or `-fax`, where others come first. */
export interface WordOption {
  readonly option: Option;
  /** What the word begins with before the value, such as `--app=`; undefined where it holds none. */
  readonly before: string | undefined;
}

/** All options in a word; none where a part of it is unknown. */
export function optionsIn(command: Command, word: string): readonly WordOption[] {
  const exact = findOption(command, word);
  if (exact) return [{ option: exact, before: undefined }];
  const [before, long] = /^(--[^=]+)=/.exec(word) ?? [];
  if (before !== undefined) {
    const option = findOption(command, long ?? '');
    return option && takesValue(option) ? [{ option, before }] : [];
  }
  return word.startsWith('--') ? [] : optionsOfCluster(command, word);
}

/** `-fn` is `-f -n`, and what stands behind the first that takes a value is the value. */
function optionsOfCluster(command: Command, word: string): readonly WordOption[] {
  const found: WordOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const option = findOption(command, `-${word[at]}`);
    if (!option) return [];
    const isLast = at === word.length - 1;
    if (takesValue(option)) return [...found, { option, before: isLast ? undefined : word.slice(0, at + 1) }];
    found.push({ option, before: undefined });
  }
  return found;
}

/** A group's options hold for its subcommands as well, wherever they stand. */
export function optionsOf(command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command);
  // What the program itself takes, such as --version, is for the program alone.
  return command.parent?.parent ? [...own, ...optionsOf(command.parent).filter(({ long }) => !own.some((option) => option.long === long))] : own;
}

export function subcommandsOf(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function findOption(command: Command, flag: string): Option | undefined {
  return optionsOf(command).find(({ short, long }) => short === flag || long === flag);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

class Reader implements Typed {
  readonly operands: string[] = [];
  readonly options = new Map<Option, string[]>();
  wanting: Typed['wanting'];
  isLiteral = false;

  constructor(public command: Command) {}

  read(word: string): void {
    if (this.isLiteral) this.operand(word);
    else if (this.wanting && (this.wanting.isOwed || !isOption(word))) this.give(this.wanting.option, word);
    else if (word === '--') this.literal();
    else if (isOption(word)) this.option(word);
    else this.operand(word);
  }

  private literal(): void {
    this.isLiteral = true;
    this.wanting = undefined;
  }

  private option(word: string): void {
    this.wanting = undefined;
    for (const { option, before } of optionsIn(this.command, word)) {
      if (before !== undefined) this.give(option, word.slice(before.length));
      else {
        this.options.set(option, this.options.get(option) ?? []);
        this.wanting = option.required ? { option, isOwed: true } : undefined;
      }
    }
  }

  private give(option: Option, value: string): void {
    this.options.set(option, [...(this.options.get(option) ?? []), value]);
    this.wanting = option.variadic ? { option, isOwed: false } : undefined;
  }

  private operand(word: string): void {
    const subcommand = this.operands.length === 0 ? subcommandsOf(this.command).find((each) => each.name() === word || each.aliases().includes(word)) : undefined;
    if (subcommand) this.command = subcommand;
    else this.operands.push(word);
  }
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-');
}
