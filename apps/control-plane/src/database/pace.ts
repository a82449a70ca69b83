export interface PaceOptions {
  readonly everyMs: number;
  /** So often at once before the pace is kept; as much is forgiven again in as many intervals. */
  readonly burst?: number;
}

const usualBurst = 5;

/** Of what is done seldom nothing waits; what is done all the time is done once in `everyMs`. */
export class Pace {
  readonly #everyMs: number;
  readonly #burst: number;
  #left: number;
  #lookedAt = performance.now();

  constructor({ everyMs, burst = usualBurst }: PaceOptions) {
    this.#everyMs = everyMs;
    this.#burst = burst;
    this.#left = burst;
  }

  /** @returns milliseconds until the next time is in pace */
  next(): number {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#lookedAt) / this.#everyMs) - 1;
    this.#lookedAt = now;
    return Math.max(0, -this.#left * this.#everyMs);
  }
}
