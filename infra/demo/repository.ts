import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, childEnvironment } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';
import { output } from '../terminal/run.ts';

const branch = 'main';

/** A developer's working copy of MyApp, in a folder that goes when the demo ends. */
export class Repository {
  readonly folder = mkdtempSync(join(tmpdir(), 'molo-demo-'));
  readonly #environment: Record<string, string>;

  /** The token reaches git through a program that git asks: so it is in no list of processes and no file. */
  constructor(token: string) {
    const askpass = join(this.folder, '.askpass');
    writeFileSync(askpass, '#!/bin/sh\ncase $1 in Username*) echo molo ;; *) echo "$MOLO_DEMO_TOKEN" ;; esac\n');
    chmodSync(askpass, 0o700);
    this.#environment = {
      GIT_ASKPASS: askpass,
      MOLO_DEMO_TOKEN: token,
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Molo demo',
      GIT_AUTHOR_EMAIL: 'demo@molo.localhost',
      GIT_COMMITTER_NAME: 'Molo demo',
      GIT_COMMITTER_EMAIL: 'demo@molo.localhost',
    };
  }

  get #work(): string {
    return join(this.folder, 'myapp');
  }

  /** Starts from what an earlier demo has pushed, so that this one goes on from there. */
  async open(url: string): Promise<void> {
    await output('git', ['clone', '--quiet', url, this.#work], this.#environment);
    await this.#git('checkout', '--quiet', '-B', branch);
    await this.#git('config', 'push.followTags', 'true');
  }

  /** Commits one version of MyApp as the whole tree, and tags it where the tag is new. */
  async commit(version: string): Promise<void> {
    for (const name of readdirSync(this.#work)) if (name !== '.git') rmSync(join(this.#work, name), { recursive: true });
    cpSync(join(checkout, 'test/fixtures/myapp', version), this.#work, { recursive: true });
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--allow-empty', '--message', `MyApp ${version}`);
    if ((await this.#git('tag', '--list', version)).trim() === '') await this.#git('tag', '--annotate', '--message', `MyApp ${version}`, version);
  }

  /** Pushes as a developer does; what the platform says appears as it comes. */
  async push(): Promise<void> {
    const child = spawn('git', ['-C', this.#work, 'push', 'origin', branch], { env: childEnvironment(this.#environment), stdio: ['ignore', 'inherit', 'inherit'] });
    const code = await new Promise<number | null>((resolve, reject) => child.once('exit', resolve).once('error', reject));
    if (code !== 0) throw new StepFailed('git push was refused', { advice: 'Its reason is above, in the lines that start with remote:. The version that was live before serves on.' });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #git(...args: string[]): Promise<string> {
    return output('git', ['-C', this.#work, ...args], this.#environment);
  }
}
