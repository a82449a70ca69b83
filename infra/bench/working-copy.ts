import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkout, childEnvironment } from '../config.ts';

const run = promisify(execFile);

/** A developer's checkout of MyApp with one remote, reached over SSH. */
export class WorkingCopy {
  readonly #environment: Record<string, string>;

  readonly folder: string;

  private constructor(folder: string, key?: string) {
    this.folder = folder;
    this.#environment = childEnvironment({
      ...(key ? { GIT_SSH_COMMAND: `ssh -i ${key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR` } : {}),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Molo bench',
      GIT_AUTHOR_EMAIL: 'bench@molo.localhost',
      GIT_COMMITTER_NAME: 'Molo bench',
      GIT_COMMITTER_EMAIL: 'bench@molo.localhost',
    });
  }

  static async of(folder: string, { fixture = 'myapp/1.2', remote, key }: { fixture?: string; remote: string; key: string }): Promise<WorkingCopy> {
    const copy = new WorkingCopy(folder, key);
    cpSync(join(checkout, 'test/fixtures', fixture), folder, { recursive: true });
    await copy.git('init', '--quiet', '--initial-branch=main');
    await copy.git('remote', 'add', 'origin', remote);
    await copy.git('add', '--all');
    await copy.git('commit', '--quiet', '--message', fixture);
    return copy;
  }

  /** A checkout that is there already, to commit to. */
  static at(folder: string): WorkingCopy {
    return new WorkingCopy(folder);
  }

  /** Changes one line of the app. @returns the commit */
  async changeLine(text: string): Promise<string> {
    writeFileSync(join(this.folder, 'note.js'), `export const note = '${text}';\n`);
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '--message', text);
    return (await this.git('rev-parse', 'HEAD')).trim();
  }

  push(): Promise<string> {
    return this.git('push', '--quiet', 'origin', 'main');
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', ['-C', this.folder, ...args], { env: this.#environment, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  }
}
