import type { EntityManager, QueryRunner } from 'typeorm';
import { Batches, usualEveryMs } from './batches.js';
import type { SetStatement } from './set-statement.js';

type AnyStatement = SetStatement<object, object>;

interface Sending {
  readonly given: object;
  readonly resolve: (rows: object[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Of a transaction that several share: all that is sent in one breath goes out together, each statement once. */
class Gathering {
  #gathered = new Map<AnyStatement, Sending[]>();

  constructor(private readonly manager: EntityManager) {}

  async send(statement: AnyStatement, given: object): Promise<object[]> {
    return new Promise((resolve, reject) => {
      // Who shares the transaction goes on when the last statements are answered, in one breath with the others.
      if (this.#gathered.size === 0) setImmediate(() => this.#go());
      const sending = this.#gathered.get(statement) ?? [];
      this.#gathered.set(statement, sending);
      sending.push({ given, resolve, reject });
    });
  }

  #go(): void {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const [statement, sending] of gathered) void this.#run(statement, sending);
  }

  async #run(statement: AnyStatement, sending: readonly Sending[]): Promise<void> {
    try {
      const rows = await statement.run(this.manager, sending.map(({ given }) => given));
      for (const [index, { resolve }] of sending.entries()) resolve(rows[index]!);
    } catch (error) {
      for (const { reject } of sending) reject(error);
    }
  }
}

const gatherings = new WeakMap<QueryRunner, Gathering>();
const looks = new WeakMap<EntityManager, Map<AnyStatement, Batches<object, object[]>>>();

/** From here on what is sent in the manager's transaction is gathered: several share it. */
export function gather(manager: EntityManager): void {
  gatherings.set(manager.queryRunner!, new Gathering(manager));
}

/**
 * Sends a statement for one: together with the others who share the manager's transaction, and outside of transactions together
 * with whoever sends the same at this moment.
 * @returns the rows that are this one's
 */
export async function send<Given extends object, Row extends object>(manager: EntityManager, statement: SetStatement<Given, Row>, given: Given): Promise<Row[]> {
  return (await sendAny(manager, statement as unknown as AnyStatement, given)) as Row[];
}

async function sendAny(manager: EntityManager, statement: AnyStatement, given: object): Promise<object[]> {
  const { queryRunner } = manager;
  if (!queryRunner) return looksFor(manager, statement).add(null, given);
  const gathering = gatherings.get(queryRunner);
  return gathering ? gathering.send(statement, given) : (await statement.run(manager, [given]))[0]!;
}

function looksFor(manager: EntityManager, statement: AnyStatement): Batches<object, object[]> {
  const ofManager = looks.get(manager) ?? new Map<AnyStatement, Batches<object, object[]>>();
  looks.set(manager, ofManager);
  const known = ofManager.get(statement) ?? new Batches<object, object[]>((given) => statement.run(manager, given), { everyMs: usualEveryMs });
  ofManager.set(statement, known);
  return known;
}
