import { setTimeout as pause } from 'node:timers/promises';

/** So often at once; where it is asked for all the time, once in `everyMs`. */
const burst = 5;

/**
 * Work of which one run at a time is enough: asked for while it runs, it runs once more afterwards, so that the last run
 * began after the last asking. Where it is asked for all the time, what is asked for in `everyMs` is done by one run.
 * The work must not throw.
 */
export class PacedWork {
  #running: Promise<void> | null = null;
  #isAsked = false;
  #left = burst;
  #lookedAt = performance.now();

  constructor(
    private readonly work: () => Promise<void>,
    private readonly everyMs: number,
  ) {}

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
        await pause(this.#next());
        this.#isAsked = false;
        await this.work();
      }
    } finally {
      // In the same breath as the last look at `isAsked`: an asking between the two would be lost.
      this.#running = null;
    }
  }

  /** @returns milliseconds until the next run is in time */
  #next(): number {
    const now = performance.now();
    this.#left = Math.min(burst, this.#left + (now - this.#lookedAt) / this.everyMs) - 1;
    this.#lookedAt = now;
    return Math.max(0, -this.#left * this.everyMs);
  }
}
