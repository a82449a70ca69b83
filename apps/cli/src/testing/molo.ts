import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
export const main = join(root, 'apps/cli/dist/main.js');

/** The specs run the program as people do: compiled, in a process of its own. */
export async function compile(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'apps/cli')]);
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly directory?: string;
  readonly environment?: Record<string, string>;
  /** SIGINT is sent once this text was seen on stdout. */
  readonly interruptAt?: string;
  /** Typed once this question was seen on stdout. */
  readonly answer?: { readonly question: string; readonly text: string };
}

/** A home of its own for each test: nothing of the person who runs the tests is read or written. */
export class Home {
  private constructor(readonly path: string) {}

  static async make(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'molo-cli-')));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  molo(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.run([process.execPath, main, ...args], options);
  }

  run([program = '', ...args]: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: options.directory ?? this.path, env: { ...this.environment(), ...options.environment } });
      let stdout = '';
      let stderr = '';
      let { answer } = options;
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        if (options.interruptAt !== undefined && stdout.includes(options.interruptAt)) child.kill('SIGINT');
        if (answer === undefined || !stdout.includes(answer.question)) return;
        child.stdin.write(answer.text);
        answer = undefined;
      });
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
      // A program that reads no input may be gone by now.
      child.stdin.on('error', () => undefined);
      if (options.answer !== undefined) return;
      if (options.input === undefined) child.stdin.end();
      else child.stdin.end(options.input);
    });
  }

  private environment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.path,
      MOLO_HOME: this.path,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
    };
  }
}
