const keptMs = 5000;
const mostKept = 10_000;

interface Kept<Value> {
  readonly value: Value;
  readonly until: number;
}

/**
 * Answers of the database about a credential, for a few seconds: git and docker ask many times a push.
 * `forget` empties it at once; a look-up that was under way then is not kept.
 */
export class RecentCallers<Value> {
  readonly #kept = new Map<string, Kept<Value>>();
  #generation = 0;

  async get(key: string, look: () => Promise<Value | null>): Promise<Value | null> {
    const known = this.#kept.get(key);
    if (known && known.until > performance.now()) return known.value;
    this.#kept.delete(key);
    const generation = this.#generation;
    const value = await look();
    if (value !== null && generation === this.#generation) this.#keep(key, value);
    return value;
  }

  forget(): void {
    this.#generation++;
    this.#kept.clear();
  }

  #keep(key: string, value: Value): void {
    const oldest = this.#kept.size >= mostKept ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { value, until: performance.now() + keptMs });
  }
}
