import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseAway } from '../database/database-failure.js';

/** More than come while one batch is written; each holds its rows until all are. */
const mostTogether = 50;

/** What takes longer waits for a row that somebody holds: those that come later do not wait. */
const patienceMs = 250;

interface Waiting<Item> {
  readonly subject: string;
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes what comes while something is taken together, when it is its turn: one transaction for the reports of many nodes
 * where there are many, and at once where there is one. Of one subject no two go together. Where those of a batch cannot be
 * taken together each is taken by itself, so that nobody fails for another.
 */
export class ReportBatches<Item> {
  #waiting: Waiting<Item>[] = [];
  #isTaking = false;

  constructor(private readonly take: (items: readonly Item[]) => Promise<void>) {}

  /** Resolves once it was taken; rejects with the reason why it was not. */
  async add(subject: string, item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ subject, item, resolve, reject });
      if (!this.#isTaking) void this.#takeAll();
    });
  }

  async #takeAll(): Promise<void> {
    this.#isTaking = true;
    while (this.#waiting.length > 0) await Promise.race([this.#takeTogether(this.#next()), pause(patienceMs)]);
    this.#isTaking = false;
  }

  #next(): Waiting<Item>[] {
    const next = new Map<string, Waiting<Item>>();
    for (const waiting of this.#waiting) if (next.size < mostTogether && !next.has(waiting.subject)) next.set(waiting.subject, waiting);
    const batch = [...next.values()];
    this.#waiting = this.#waiting.filter((waiting) => next.get(waiting.subject) !== waiting);
    return batch;
  }

  async #takeTogether(batch: readonly Waiting<Item>[]): Promise<void> {
    try {
      await this.take(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length === 1 || isDatabaseAway(error)) for (const { reject } of batch) reject(error);
      else for (const waiting of batch) await this.#takeTogether([waiting]);
    }
  }
}
