import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { AppError } from '@molo/contracts';
import type { Terminal } from './terminal.js';
import { line } from '../terminal/piece.js';

/** Asks on stderr, so that stdout stays for answers. */
export async function ask(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(question)).trim();
  } finally {
    prompt.close();
  }
}

/** Asks for something that must not appear on the screen. */
export async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await prompt.question('');
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}

/** All of stdin, without the last newline. */
export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8').replace(/\r?\n$/, '');
}

/** Goes on only when `--yes` was given or the person types `expected`. */
export async function confirm(terminal: Terminal, warning: string, expected: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!terminal.isInteractive) throw new AppError('invalid_input', { detail: `${warning} Nobody can be asked here: give --yes to do it.` });
  terminal.note(line`${warning}`);
  const answer = await ask(`Type ${expected} to go on: `);
  if (answer !== expected) throw new AppError('invalid_input', { detail: 'Nothing was done.' });
}
