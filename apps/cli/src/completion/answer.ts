import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.js';
import { harmless } from '../terminal/harmless.js';
import { type Candidate, candidatesFor } from './candidates.js';
import { type Shell, shells } from './shells.js';

/** Longest wait of somebody who pressed Tab, from the start of this program on, in milliseconds. */
const limitMs = 1000;
/** From then on no further page of a long list is asked for. */
const lateMs = 700;
/** What is said beside a word stays on its line. */
const longestAbout = 60;

/**
 * Tells a shell's script what may stand at the cursor. Nobody asked for this command, so it never says a word of what
 * goes wrong: with no platform, no sign-in or no answer in time there are simply no values.
 */
export async function answer(program: Command, shell: keyof typeof shells, given: readonly string[]): Promise<never> {
  // Whatever still waits for an answer then ends here too.
  setTimeout(() => process.exit(exitCodes.ok.code), Math.max(0, limitMs - performance.now()));
  const lines = await answerLines(program, shells[shell], given).catch(() => []);
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.exit(exitCodes.ok.code);
}

async function answerLines(program: Command, shell: Shell, given: readonly string[]): Promise<readonly string[]> {
  const line = shell.read(given);
  if (!line) return [];
  const found = line === 'files' ? line : await candidatesFor(program, line.words, line.current, async (kind, asked) => (await import('./values.js')).readValues(kind, asked, () => performance.now() > lateMs));
  if (found === 'files') return ['files'];
  const shown = found.filter(isTypable).map(({ word, about }) => ({ word, about: shortened(about) }));
  // After KEY= the value is to follow at once.
  const kind = shown.length > 0 && shown.every(({ word }) => word.endsWith('=')) ? 'parts' : 'words';
  return [kind, ...shell.write(given, shown)];
}

/** Names come from other people: what would do something to a terminal, or end a line of the answer, is not offered. */
function isTypable({ word }: Candidate): boolean {
  return word !== '' && !/[\t\n]/.test(word) && harmless(word) === word;
}

function shortened(about: string): string {
  const line = harmless(about).replaceAll(/\s+/g, ' ').trim();
  const signs = Array.from(line);
  return signs.length > longestAbout ? `${signs.slice(0, longestAbout - 1).join('')}…` : line;
}
