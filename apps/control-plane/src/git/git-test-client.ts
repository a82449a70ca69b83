import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GitOutcome {
  readonly code: number | null;
  readonly output: string;
}

/** A developer's working copy, and the git program in it. */
export class GitTestClient {
  readonly folder = mkdtempSync(join(tmpdir(), 'molo-client-'));
  readonly #environment: NodeJS.ProcessEnv = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: this.folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
  };

  constructor(extraEnvironment: NodeJS.ProcessEnv = {}) {
    Object.assign(this.#environment, extraEnvironment);
  }

  async init(): Promise<this> {
    await this.run('init', '--quiet', '--initial-branch=main');
    return this;
  }

  write(path: string, content: string | Buffer): void {
    writeFileSync(join(this.folder, path), content);
  }

  async commit(message: string): Promise<string> {
    await this.run('add', '--all');
    await this.run('commit', '--quiet', '--allow-empty', '-m', message);
    return (await this.run('rev-parse', 'HEAD')).output.trim();
  }

  /** A commit that changes one file. */
  async change(message: string): Promise<string> {
    this.write('index.js', `// ${message}\n`);
    return this.commit(message);
  }

  start(...args: string[]): { hangUp: () => void; outcome: Promise<GitOutcome> } {
    const child = spawn('git', args, { cwd: this.folder, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const outcome = new Promise<GitOutcome>((resolve) => child.once('close', (code) => resolve({ code, output })));
    // As Ctrl-C does it: git and the helpers that it started.
    return { hangUp: () => process.kill(-(child.pid ?? 0), 'SIGINT'), outcome };
  }

  async run(...args: string[]): Promise<GitOutcome> {
    return this.start(...args).outcome;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
