import { execFile } from 'node:child_process';

/** What a short program prints on stdout, trimmed; undefined where it is not installed. `code` is null where it was killed. */
export function programOutput(signal: AbortSignal, program: string, ...args: string[]): Promise<{ code: number | null; text: string } | undefined> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { encoding: 'utf8', signal }, (error, stdout) => {
      if (error?.code === 'ENOENT') resolve(undefined);
      else if (error?.name === 'AbortError') reject(error);
      else resolve({ code: child.exitCode, text: stdout.trim() });
    });
  });
}
