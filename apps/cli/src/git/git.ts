import { spawn } from 'node:child_process';
import { execFile } from 'node:child_process';
import { AppError } from '@molo/contracts';

/** What git prints, or undefined where it refuses. */
export function git(...args: string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile('git', args, { encoding: 'utf8' }, (error, stdout) => {
      if (error?.code === 'ENOENT') reject(withoutGit(error));
      else resolve(error ? undefined : stdout.trim());
    });
  });
}

/** Runs git on this terminal and returns its exit code; what it prints on stdout goes to stderr where `quiet` is set. */
export function runGit(args: readonly string[], quiet: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { stdio: ['inherit', quiet ? 2 : 'inherit', 'inherit'] });
    child.once('error', (error) => reject(withoutGit(error)));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function withoutGit(cause: Error): AppError {
  return new AppError('invalid_input', { detail: 'git is not installed. Install it (on Debian: apt install git) and try again.', cause });
}
