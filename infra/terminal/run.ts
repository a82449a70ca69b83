import { execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../config.ts';
import { StepFailed } from './progress.ts';

const runFile = promisify(execFile);

interface Options {
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  /** File that takes all output; it is replaced. */
  readonly log: string;
  /** What a person should do when it fails. */
  readonly advice: string;
}

/** Runs a program to its end with all output in a log. */
export async function runLogged(program: string, args: readonly string[], { cwd, env, log, advice }: Options): Promise<void> {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'w');
  try {
    const child = spawn(program, args, { ...(cwd ? { cwd } : {}), env: childEnvironment(env), stdio: ['ignore', output, output] });
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode, signal) => resolve(exitCode ?? signal));
    }).catch((error: unknown) => String(error));
    if (code !== 0) throw new StepFailed(`${program} ${args.slice(0, 2).join(' ')} ended with ${code}`, { advice, log });
  } finally {
    closeSync(output);
  }
}

/** What a short program prints; throws when it fails. */
export async function output(program: string, args: readonly string[], env?: Record<string, string | undefined>): Promise<string> {
  const { stdout } = await runFile(program, args, { env: childEnvironment(env), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Whether a short program ends with exit code 0. */
export async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return output(program, args).then(
    () => true,
    () => false,
  );
}
