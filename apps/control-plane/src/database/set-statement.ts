import type { EntityManager } from 'typeorm';

type ElementType = 'uuid' | 'text' | 'jsonb' | 'integer' | 'bigint' | 'boolean' | 'timestamptz';
/** An array of an array's elements cannot be taken apart again in SQL, so each of these comes as a text. */
type ColumnType = ElementType | `${'uuid' | 'text'}[]`;

/**
 * One statement for what many send at once, each for its own part: a step of a deployment is written for one deployment, and
 * done for as many as are ready for it (see SharedTransactions). `given` are in SQL the rows of those who send, with `n` for the
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

/**
 * In SQL, a part of a set statement: the rows of a table whose id each has given, held in the order of their ids. Whoever changes
 * rows of several joins it, so that no two transactions wait for each other.
 */
export function heldInOrder(table: 'deployments' | 'environments', given: string): string {
  return `held as materialized (select row.id from given join ${table} row on row.id = given."${given}" order by row.id for no key update of row)`;
}
