import type { EntityManager, QueryRunner } from 'typeorm';
import { Batches } from './batches.js';

type ElementType = 'uuid' | 'text' | 'jsonb' | 'integer' | 'bigint' | 'boolean' | 'timestamptz' | 'float8';
/** An array of an array's elements cannot be taken apart again in SQL, so each of these comes as a text. */
type ColumnType = ElementType | `${'uuid' | 'text'}[]`;

/** Outside of transactions, where the same is looked for all the time. */
const lookEveryMs = 80;

/**
 * One statement for what many ask at once, each for its own part: a step of a deployment is written for one deployment, and
 * done for as many as are ready for it (see SharedTransactions). `given` are in SQL the rows of those who ask, with `n` for the
 * place of each among them; a row that the statement returns says with a column `n` whose it is.
 */
export class SetStatement<Given extends object, Row extends object = never> {
  readonly #text: string;
  readonly #columns: readonly (readonly [name: keyof Given & string, type: ColumnType])[];

  /** @param statement what comes after `with given as (...)`, so it begins with its main part, or with a comma and more parts */
  constructor(columns: Readonly<Record<keyof Given & string, ColumnType>>, statement: string) {
    this.#columns = Object.entries<ColumnType>(columns).map(([name, type]) => [name as keyof Given & string, type]);
    const names = this.#columns.map(([name]) => `"${name}"`);
    const values = this.#columns.map(([name, type]) => (type.endsWith('[]') ? `"${name}"::${type} as "${name}"` : `"${name}"`));
    const parameters = this.#columns.map(([, type], index) => `$${index + 1}::${type.endsWith('[]') ? 'text' : type}[]`);
    this.#text = `with given as (select n::integer as n, ${values.join(', ')} from unnest(${parameters.join(', ')}) with ordinality as given (${names.join(', ')}, n)) ${statement}`;
  }

  /** @returns what belongs to each of `given`, in their order */
  async run(manager: EntityManager, given: readonly Given[]): Promise<Row[][]> {
    const parameters = this.#columns.map(([name, type]) => given.map((one) => parameterOf(one[name], type)));
    const answer: unknown[] = await manager.query(this.#text, parameters);
    // Of a statement whose main part writes, TypeORM tells how many rows it wrote, too.
    const rows = (Array.isArray(answer[0]) ? answer[0] : answer) as (Row & { n: number })[];
    const each: Row[][] = given.map(() => []);
    for (const { n, ...row } of rows) each[n - 1]!.push(row as unknown as Row);
    return each;
  }
}

function parameterOf(value: unknown, type: ColumnType): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb') return JSON.stringify(value);
  return type.endsWith('[]') ? `{${(value as readonly string[]).map((item) => `"${item.replaceAll(/["\\]/gu, '\\$&')}"`).join(',')}}` : value;
}

type AnyStatement = SetStatement<object, object>;

interface Asking {
  readonly given: object;
  readonly resolve: (rows: object[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What is asked in a transaction that several share: all of a breath goes out together, each statement once. */
export class Gathering {
  #asked = new Map<AnyStatement, Asking[]>();

  constructor(private readonly manager: EntityManager) {}

  async ask(statement: AnyStatement, given: object): Promise<object[]> {
    return new Promise((resolve, reject) => {
      // Who shares the transaction goes on when the last statements are answered, in one breath with the others.
      if (this.#asked.size === 0) setImmediate(() => this.#go());
      const asking = this.#asked.get(statement) ?? [];
      this.#asked.set(statement, asking);
      asking.push({ given, resolve, reject });
    });
  }

  #go(): void {
    const asked = this.#asked;
    this.#asked = new Map();
    for (const [statement, asking] of asked) void this.#run(statement, asking);
  }

  async #run(statement: AnyStatement, asking: readonly Asking[]): Promise<void> {
    try {
      const rows = await statement.run(this.manager, asking.map(({ given }) => given));
      for (const [index, { resolve }] of asking.entries()) resolve(rows[index]!);
    } catch (error) {
      for (const { reject } of asking) reject(error);
    }
  }
}

const gatherings = new WeakMap<QueryRunner, Gathering>();
const looks = new WeakMap<EntityManager, Map<AnyStatement, Batches<object, object[]>>>();

/** From here on what is asked in the manager's transaction is gathered. */
export function gather(manager: EntityManager): void {
  gatherings.set(manager.queryRunner!, new Gathering(manager));
}

/**
 * Asks for the part of one: together with the others who share the manager's transaction, and outside of transactions together
 * with whoever asks the same at this moment.
 */
export async function ask<Given extends object, Row extends object>(manager: EntityManager, statement: SetStatement<Given, Row>, given: Given): Promise<Row[]> {
  return (await askAny(manager, statement as unknown as AnyStatement, given)) as Row[];
}

async function askAny(manager: EntityManager, statement: AnyStatement, given: object): Promise<object[]> {
  const { queryRunner } = manager;
  if (!queryRunner) return looksOf(manager, statement).add(null, given);
  const gathering = gatherings.get(queryRunner);
  return gathering ? gathering.ask(statement, given) : (await statement.run(manager, [given]))[0]!;
}

function looksOf(manager: EntityManager, statement: AnyStatement): Batches<object, object[]> {
  const ofManager = looks.get(manager) ?? new Map<AnyStatement, Batches<object, object[]>>();
  looks.set(manager, ofManager);
  const known = ofManager.get(statement) ?? new Batches<object, object[]>((given) => statement.run(manager, given), { everyMs: lookEveryMs });
  ofManager.set(statement, known);
  return known;
}
