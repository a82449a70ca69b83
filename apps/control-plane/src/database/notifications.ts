import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Client } from 'pg';
import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner, TransactionCommitEvent } from 'typeorm';
import { probedWhenSilent } from './data-source.js';

/** What control planes tell each other, about facts that are committed. */
const channels = ['wake', 'outbox', 'deployment_event', 'desired', 'changed', 'access', 'nodes'] as const;
export type Channel = (typeof channels)[number];
/** Where control planes say that they are there; whoever is there answers. */
const presence = 'presence';
/** Who did not know of the other said nothing to it until now: both look again. */
const [asking, answering, lookingAgain] = ['who is there', 'I am', 'look again'];

type Listener = (payload: string | null) => void;

const reconnectMs = 500;
const connectTimeoutMs = 10_000;
/** What is said within this time goes to the other control planes together. */
const gatherMs = 10;
/** So often it is asked who is there. */
const askEveryMs = 30_000;
/** Who was not heard for so long is there no more. */
const silentMs = 3 * askEveryMs;
/** Who is there answers within this time; until then it is not known. */
const answerMs = 1000;
/** Where nobody can be told, it is not kept for ever: that they are to look again says as much. */
const mostToOthers = 10_000;
/** Each is a channel and a payload; those that are said twice are one. */
const separator = ' ';

/**
 * Tells who listens in this process at once after the commit, and the other control planes by PostgreSQL's LISTEN/NOTIFY.
 * A notification only says "look again": the facts are in the tables. After a lost connection every listener is called with
 * null, since what was said meanwhile is unknown; and one is lost where a process dies right after its commit, so who waits
 * looks again from time to time.
 *
 * Nothing is said to others where there are none: a control plane that connects asks who is there, and from then on both
 * know. Whatever else is heard of another says the same.
 *
 * NOTIFY is in no transaction of facts: PostgreSQL lets one transaction with a NOTIFY commit at a time, disk included, so
 * that a few hundred a second would be all that a platform could do.
 */
export class Notifications implements OnApplicationBootstrap, OnApplicationShutdown, EntitySubscriberInterface {
  readonly #url: string;
  readonly #listeners = new Map<Channel, Set<Listener>>();
  readonly #uncommitted = new WeakMap<QueryRunner, Set<string>>();
  readonly #toOthers = new Set<string>();
  #client: Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #gathering: NodeJS.Timeout | null = null;
  #asking: NodeJS.Timeout | null = null;
  #othersUntil = Infinity;
  #closed = false;

  constructor(databaseUrl: string, dataSource: DataSource) {
    this.#url = databaseUrl;
    dataSource.subscribers.push(this);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#connect();
    this.#asking = setInterval(() => void this.#present(asking), askEveryMs);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    if (this.#asking) clearInterval(this.#asking);
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#gathering) clearTimeout(this.#gathering);
    await this.#tellOthers();
    await this.#client?.end().catch(() => undefined);
  }

  /** @returns a function that ends the listening */
  listen(channel: Channel, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Heard when the manager's transaction has committed; not at all when it does not. */
  async notify(manager: EntityManager, channel: Channel, payload: string): Promise<void> {
    const said = `${channel}${separator}${payload}`;
    const { queryRunner } = manager;
    if (!queryRunner?.isTransactionActive) return this.#say([said]);
    const uncommitted = this.#uncommitted.get(queryRunner);
    if (uncommitted) uncommitted.add(said);
    else this.#uncommitted.set(queryRunner, new Set([said]));
  }

  /** Called by TypeORM, for savepoints too. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const committed = this.#uncommitted.get(queryRunner);
    if (!committed || queryRunner.isTransactionActive) return;
    this.#uncommitted.delete(queryRunner);
    this.#say(committed);
  }

  #say(all: Iterable<string>): void {
    const isAlone = this.#isAlone();
    if (this.#toOthers.size > mostToOthers) {
      this.#toOthers.clear();
      this.#toOthers.add(`${presence}${separator}${lookingAgain}`);
    }
    for (const said of all) {
      if (!isAlone) this.#toOthers.add(said);
      this.#tell(...parts(said));
    }
    if (!isAlone) this.#gather();
  }

  #gather(): void {
    if (this.#closed || this.#gathering) return;
    this.#gathering = setTimeout(async () => {
      await this.#tellOthers();
      this.#gathering = null;
      if (this.#client && this.#toOthers.size > 0) this.#gather();
    }, gatherMs);
  }

  /** While the connection is lost they gather on; nobody knows whether the last ones arrived, so those are said again. */
  async #tellOthers(): Promise<void> {
    const client = this.#client;
    if (!client || this.#toOthers.size === 0) return;
    const all = [...this.#toOthers].map(parts);
    this.#toOthers.clear();
    try {
      await client.query('select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as said (channel, payload)', [all.map(([channel]) => channel), all.map(([, payload]) => payload)]);
    } catch {
      for (const said of all) this.#toOthers.add(said.join(separator));
    }
  }

  async #connect(): Promise<void> {
    const client = new Client({ connectionString: this.#url, ...probedWhenSilent, connectionTimeoutMillis: connectTimeoutMs });
    client.on('notification', ({ channel, payload, processId }) => {
      if (processId !== ownProcessId(client)) this.#hear(channel, payload ?? '');
    });
    client.on('error', () => undefined);
    client.on('end', () => this.#reconnectLater(client));
    this.#client = client;
    try {
      await client.connect();
      await client.query([...channels, presence].map((channel) => `listen ${channel}`).join(';'));
    } catch {
      this.#reconnectLater(client);
      await client.end().catch(() => undefined);
      return;
    }
    this.#tellAnything();
    this.#gather();
    await this.#present(asking);
    // From when it was asked, unless somebody has answered since.
    if (this.#client === client && this.#othersUntil === Infinity) this.#othersUntil = performance.now() + answerMs;
  }

  /**
   * Another control plane. To one that was not known nothing was said until now, and it may have said nothing here: both look.
   * Who is asked answers, and so does who is told anything by one that it did not know; an answer to one that is known is not
   * answered, and tells nobody to look.
   */
  #hear(channel: string, payload: string): void {
    const wasAlone = this.#isAlone();
    this.#othersUntil = performance.now() + silentMs;
    if (wasAlone || (channel === presence && payload === lookingAgain)) this.#tellAnything();
    if (channel !== presence) this.#tell(channel as Channel, payload);
    if (wasAlone) void this.#present(lookingAgain);
    else if (channel === presence && payload === asking) void this.#present(answering);
  }

  #isAlone(): boolean {
    return performance.now() > this.#othersUntil;
  }

  async #present(payload: string): Promise<void> {
    // A connection that is lost asks again once it is back.
    await this.#client?.query('select pg_notify($1, $2)', [presence, payload]).catch(() => undefined);
  }

  #tellAnything(): void {
    for (const channel of this.#listeners.keys()) this.#tell(channel, null);
  }

  /** Once for each client that is lost, however often it says so. */
  #reconnectLater(lost: Client): void {
    if (this.#closed || this.#client !== lost) return;
    this.#client = null;
    this.#othersUntil = Infinity;
    this.#timer = setTimeout(() => void this.#connect(), reconnectMs);
  }

  #tell(channel: Channel, payload: string | null): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
  }
}

function parts(said: string): [Channel, string] {
  const end = said.indexOf(separator);
  return [said.slice(0, end) as Channel, said.slice(end + 1)];
}

/** The number of the server's process behind a connection, by which a client knows its own notifications; pg has it, its types do not. */
function ownProcessId(client: Client): number {
  return (client as unknown as { processID: number }).processID;
}
