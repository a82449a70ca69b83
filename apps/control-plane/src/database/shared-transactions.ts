import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Batches, patienceMs } from './batches.js';
import { gather } from './gathering.js';

type Work = (manager: EntityManager) => Promise<unknown>;

/** So long a step waits for company where there is much to do; where there is little it does not. */
const everyMs = 200;
/** For a transaction of several: nobody waits longer than this because another of them waits for a row. It is undone, and each is done by itself. */
export async function limitPatience(manager: EntityManager): Promise<void> {
  await manager.query(`set local lock_timeout = '${patienceMs}ms'`);
}

/**
 * Transactions that do the same for many: what is to be done for one is written for one, and done in one transaction with
 * whatever else of its kind is ready. Its statements are set statements (see there), so that each is sent once for all.
 *
 * The transaction is that of all: where the work of one fails nothing is done, and then each is done by itself. So work is
 * done again, must do nothing outside of the database that may not be done twice, and waits for nothing but the database: it
 * holds the rows of all.
 */
@Injectable()
export class SharedTransactions {
  readonly #kinds = new Map<string, Batches<Work, unknown>>();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * @param kind what is done alike, and locks rows in one order
   * @param subject of which no two share a transaction; two may be done beside each other, so the work guards itself (ADR 8)
   */
  async run<Done>(kind: string, subject: string, work: (manager: EntityManager) => Promise<Done>): Promise<Done> {
    const batches = this.#kinds.get(kind) ?? new Batches((works: readonly Work[]) => this.#doAll(works), { everyMs });
    this.#kinds.set(kind, batches);
    return (await batches.add(subject, work)) as Done;
  }

  async #doAll(works: readonly Work[]): Promise<readonly unknown[]> {
    return this.dataSource.transaction(async (manager) => {
      if (works.length > 1) {
        gather(manager);
        await limitPatience(manager);
      }
      // The first to fail says why; the others then fail because it did. Nobody may still be at work when the transaction ends.
      const failures: unknown[] = [];
      const done = await Promise.all(works.map((work) => work(manager).catch((error: unknown) => void failures.push(error))));
      if (failures.length > 0) throw failures[0];
      return done;
    });
  }
}
