import { TooManyAttempts } from '../rest/too-many-attempts.js';

/** Keys that are remembered at once; the oldest is forgotten first, so that memory is bounded. */
const mostKeys = 20_000;

interface Count {
  count: number;
  readonly resetsAt: number;
}

/** Counts attempts by key within a span of time that starts at the first. */
export class Attempts {
  readonly #counts = new Map<string, Count>();

  constructor(
    private readonly most: number,
    private readonly spanMs: number,
  ) {}

  /** Checks and counts in one, so that attempts made at once do not slip through together. Throws `too_many_attempts`. */
  take(key: string): void {
    const known = this.#present(key);
    if (!known) {
      this.#begin(key);
      return;
    }
    if (known.count >= this.most) throw new TooManyAttempts(Math.max(1, Math.ceil((known.resetsAt - performance.now()) / 1000)));
    known.count++;
  }

  /** Takes one attempt back: it was none that should count. */
  giveBack(key: string): void {
    const known = this.#present(key);
    if (known && known.count > 0) known.count--;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }

  #present(key: string): Count | undefined {
    const known = this.#counts.get(key);
    return known && known.resetsAt > performance.now() ? known : undefined;
  }

  #begin(key: string): void {
    this.#counts.delete(key);
    const oldest = this.#counts.size >= mostKeys ? this.#counts.keys().next().value : undefined;
    if (oldest !== undefined) this.#counts.delete(oldest);
    this.#counts.set(key, { count: 1, resetsAt: performance.now() + this.spanMs });
  }
}
