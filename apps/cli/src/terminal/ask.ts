import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { AppError } from '@molo/contracts';
import { Interrupt } from './interrupt.js';
import { line } from './piece.js';
import type { Terminal } from './terminal.js';

/** Asks on stderr, so that stdout stays for answers. */
export async function ask(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(question)).trim();
  } catch (error) {
    process.stderr.write('\n');
    throw asInterrupt(error);
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
  } catch (error) {
    throw asInterrupt(error);
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}

function asInterrupt(error: unknown): unknown {
  return error instanceof Error && error.name === 'AbortError' ? new Interrupt('interrupted', { cause: error }) : error;
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
