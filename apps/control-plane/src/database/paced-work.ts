import { setTimeout as pause } from 'node:timers/promises';
import { Pace, type PaceOptions } from './pace.js';

/**
 * Work of which one run at a time is enough: asked for while it runs, it runs once more afterwards, so that the last run
 * began after the last asking. Where it is asked for all the time, what is asked for in one interval is done by one run.
 * The work must not throw.
 */
export class PacedWork {
  readonly #pace: Pace;
  #running: Promise<void> | null = null;
  #isAsked = false;

  constructor(
    private readonly work: () => Promise<void>,
    pace: PaceOptions,
  ) {
    this.#pace = new Pace(pace);
  }

  ask(): void {
    this.#isAsked = true;
    this.#running ??= this.#run();
  }

  /** Resolves once it rests. */
  async rest(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked) {
        await pause(this.#pace.next());
        this.#isAsked = false;
        await this.work();
      }
    } finally {
      // In the same breath as the last look at `isAsked`: an asking between the two would be lost.
      this.#running = null;
    }
  }
}
