import { type Command, Option } from 'commander';
import { dayCount } from '../arguments.js';
import { takes } from '../completion/offers.js';
import type { CreateTokenOptions } from './tokens.js';

/** For commands that make a token. */
export function tokenOptions(command: Command): Command {
  return command
    .addOption(new Option('--rights <rights...>', 'what it may do (default: read deploy)').choices(['read', 'deploy', 'administer']))
    .addOption(takes(new Option('--apps <apps...>', 'the apps that it is for (default: all that its user may see)'), 'apps'))
    .option('--expires <days>', 'how long it lasts (default: 365)', dayCount)
    .option('--no-expires', 'it never ends');
}

type Typed = Omit<CreateTokenOptions, 'expires'> & { readonly expires?: number | boolean };

/** Commander gives true where neither `--expires` nor `--no-expires` was typed, false for the latter. */
export function withExpiry({ expires, ...options }: Typed): CreateTokenOptions {
  if (typeof expires === 'number') return { ...options, expires };
  return expires === false ? { ...options, expires: null } : options;
}
