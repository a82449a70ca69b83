import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Client, type ClientConfig } from 'pg';

/** More texts than the platform has statements; lists in a text (`in ($1, $2, …)`) make many of one. */
const mostStatements = 500;

const names = new Map<string, string>();

/** As TypeORM says it. */
const begin = 'START TRANSACTION';
const begun = { command: 'START', rowCount: null, rows: [], fields: [] };

/**
 * Has PostgreSQL prepare each statement once for a connection: parsing and planning took it longer than most of the
 * statements themselves, up to 7 ms for what a node is to be.
 *
 * The start of a transaction goes out together with its first statement, and statements of one transaction that are asked for
 * at once go out at once (pg's pipeline): each is still its own statement, but nobody waits for an answer that says nothing.
 */
export class PreparingClient extends Client {
  #begins = false;
  #isCorked = false;

  constructor(config?: string | ClientConfig) {
    super({ ...(typeof config === 'string' ? { connectionString: config } : config), pipeline: true });
  }

  // The overloads of pg's own `query` cannot be written down again.
  override query = ((...args: unknown[]): unknown => {
    const [text, values, ...rest] = args;
    if (text === begin) {
      this.#begins = true;
      return Promise.resolve(begun);
    }
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : undefined;
    const send = () => (name === undefined ? this.#send(...args) : this.#send({ name, text, values }, ...rest));
    return this.#begins ? this.#together(send) : send();
  }) as Client['query'];

  /** Where the start fails, its first statement may have been done by itself; the connection goes, so that nothing more is. */
  #together(send: () => unknown): unknown {
    this.#begins = false;
    const stream = this.#stream();
    (this.#send(begin) as Promise<unknown>).catch(() => stream.destroy());
    return send();
  }

  #send(...args: unknown[]): unknown {
    this.#cork();
    return (Client.prototype.query as (...args: unknown[]) => unknown).apply(this, args);
  }

  /** What is sent until the end of this tick goes out in one write. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    const stream = this.#stream();
    stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }

  /** pg has it, its types do not. */
  #stream(): Pick<Socket, 'cork' | 'uncork' | 'destroy'> {
    return (this as unknown as { connection: { stream: Socket } }).connection.stream;
  }
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= mostStatements) return known;
  const name = createHash('sha1').update(text).digest('hex');
  names.set(text, name);
  return name;
}
