import { createHash } from 'node:crypto';
import { Client } from 'pg';

/** More texts than the platform has statements; lists in a text (`in ($1, $2, …)`) make many of one. */
const mostStatements = 500;

const names = new Map<string, string>();

/**
 * Has PostgreSQL prepare each statement once for a connection: parsing and planning took it longer than most of the
 * statements themselves, up to 7 ms for what a node is to be.
 */
export class PreparingClient extends Client {
  // The overloads of pg's own `query` cannot be written down again.
  override query = ((...args: unknown[]): unknown => {
    const [text, values, ...rest] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : undefined;
    const query = Client.prototype.query.bind(this) as (...args: unknown[]) => unknown;
    return name === undefined ? query(...args) : query({ name, text, values }, ...rest);
  }) as Client['query'];
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= mostStatements) return known;
  const name = createHash('sha1').update(text).digest('hex');
  names.set(text, name);
  return name;
}
