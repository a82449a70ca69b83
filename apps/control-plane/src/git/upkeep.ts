import { Injectable } from '@nestjs/common';
import { Log } from '../log.js';
import { runGit } from './git-command.js';
import { Repositories } from './repositories.js';

/** Git packs what lies about once there is this much of it; till then it finds out in a few milliseconds. */
const thresholds = ['-c', 'gc.auto=3000', '-c', 'gc.autoPackLimit=30', '-c', 'gc.autoDetach=false', '-c', 'pack.threads=1'];

/** Keeps repositories quick: after a push has been answered, one repository at a time. */
@Injectable()
export class Upkeep {
  readonly #waiting = new Set<string>();
  #last = Promise.resolve();

  constructor(
    private readonly repositories: Repositories,
    private readonly log: Log,
  ) {}

  after(appName: string): void {
    if (this.#waiting.has(appName)) return;
    this.#waiting.add(appName);
    this.#last = this.#last.then(() => this.#tend(appName));
  }

  async #tend(appName: string): Promise<void> {
    this.#waiting.delete(appName);
    try {
      await runGit([...thresholds, '-C', this.repositories.pathOf(appName), 'gc', '--auto', '--quiet']);
    } catch (error) {
      this.log.warn({ err: error, app: appName }, 'a repository could not be packed');
    }
  }
}
