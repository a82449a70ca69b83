import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Client } from 'pg';
import type { EntityManager } from 'typeorm';

/** What control planes tell each other, in the transaction of the facts it is about. */
const channels = ['wake', 'outbox', 'deployment_event', 'changed'] as const;
export type Channel = (typeof channels)[number];

type Listener = (payload: string | null) => void;

const reconnectMs = 500;
const connectTimeoutMs = 10_000;

/**
 * PostgreSQL LISTEN/NOTIFY. A notification only says "look again": the facts are in the tables.
 * After a lost connection every listener is called with null, since what was said meanwhile is unknown.
 */
export class Notifications implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #url: string;
  readonly #listeners = new Map<Channel, Set<Listener>>();
  #client: Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(databaseUrl: string) {
    this.#url = databaseUrl;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  /** @returns a function that ends the listening */
  listen(channel: Channel, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Heard when the manager's transaction commits; not at all when it does not. */
  async notify(manager: EntityManager, channel: Channel, payload: string): Promise<void> {
    await manager.query('select pg_notify($1, $2)', [channel, payload]);
  }

  async #connect(): Promise<void> {
    const client = new Client({ connectionString: this.#url, keepAlive: true, connectionTimeoutMillis: connectTimeoutMs });
    this.#client = client;
    client.on('notification', ({ channel, payload }) => this.#tell(channel as Channel, payload ?? ''));
    client.on('error', () => undefined);
    client.on('end', () => this.#reconnectLater(client));
    try {
      await client.connect();
      await client.query(channels.map((channel) => `listen ${channel}`).join(';'));
    } catch {
      this.#reconnectLater(client);
      await client.end().catch(() => undefined);
      return;
    }
    for (const channel of this.#listeners.keys()) this.#tell(channel, null);
  }

  /** Once for each client that is lost, however often it says so. */
  #reconnectLater(lost: Client): void {
    if (this.#closed || this.#client !== lost) return;
    this.#client = null;
    this.#timer = setTimeout(() => void this.#connect(), reconnectMs);
  }

  #tell(channel: Channel, payload: string | null): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
  }
}
