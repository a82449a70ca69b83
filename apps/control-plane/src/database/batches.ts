import { setImmediate as breath, setTimeout as pause } from 'node:timers/promises';
import { isDatabaseAway } from './database-failure.js';
import { Pace, type PaceOptions } from './pace.js';

/** Each holds its rows until all are done. */
const mostTogether = 50;

/** Each takes a connection to itself, of which there are few; of one alone, all would wait for whichever waits for a row. */
const mostApart = 4;

/** Where the same comes all the time: a tenth of a second is nothing to whoever waits in a flood, and several times as many go together. */
export const usualEveryMs = 80;

/** What takes longer waits for a row that somebody holds: those that come later do not wait. */
export const patienceMs = 250;

interface Waiting<Item, Done> {
  readonly subject: string | null;
  readonly item: Item;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does together what comes while something is done, when it is its turn: one transaction for the reports of many nodes, or the
 * steps of many deployments, where there are many, and at once where there is one. No two of one subject are in one batch. Where
 * those of a batch cannot be done together each is done by itself, so that nobody fails for another.
 */
export class Batches<Item, Done = void> {
  readonly #pace: Pace;
  #waiting: Waiting<Item, Done>[] = [];
  #isBusy = false;

  /** @param work answers to each item, in their order, where there is an answer */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly Done[] | void>,
    pace: PaceOptions,
  ) {
    this.#pace = new Pace(pace);
  }

  /**
   * Resolves once it was done; rejects with the reason why it was not.
   * @param subject null: it may go with any other
   */
  async add(subject: string | null, item: Item): Promise<Done> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ subject, item, resolve, reject });
      if (!this.#isBusy) void this.#doAll();
    });
  }

  async #doAll(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const paceMs = this.#pace.next();
      const restMs = this.#waiting.length < mostTogether ? paceMs : 0;
      // What comes in the same breath goes along.
      await (restMs > 0 ? pause(restMs) : breath());
      await Promise.race([this.#doTogether(this.#next()), pause(patienceMs)]);
    }
    this.#isBusy = false;
  }

  #next(): Waiting<Item, Done>[] {
    const next = new Map<unknown, Waiting<Item, Done>>();
    const left: Waiting<Item, Done>[] = [];
    for (const waiting of this.#waiting) {
      const subject = waiting.subject ?? waiting;
      if (next.size < mostTogether && !next.has(subject)) next.set(subject, waiting);
      else left.push(waiting);
    }
    this.#waiting = left;
    return [...next.values()];
  }

  async #doTogether(batch: readonly Waiting<Item, Done>[]): Promise<void> {
    try {
      const done = await this.work(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(done?.[index] as Done);
    } catch (error) {
      if (batch.length === 1 || isDatabaseAway(error)) for (const { reject } of batch) reject(error);
      else await this.#doApart(batch);
    }
  }

  async #doApart(batch: readonly Waiting<Item, Done>[]): Promise<void> {
    const left = [...batch];
    const doNext = async () => {
      for (let next = left.shift(); next; next = left.shift()) await this.#doTogether([next]);
    };
    await Promise.all(Array.from({ length: mostApart }, doNext));
  }
}
