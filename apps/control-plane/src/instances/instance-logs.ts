import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppError, type InstanceLogLine, LogCursor, LogPage, readLogs } from '@molo/contracts';
import { connectRedis, logReaderKey, logStreamKey, Queues } from '@molo/queue';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';

export interface LogQuery {
  readonly environmentId: string;
  readonly process: string | null;
  readonly lines: number;
  readonly follow: boolean;
  /** The id of the line after which the reading goes on; `lines` then says nothing. */
  readonly after: string | null;
}

/** A line with the id by which the reading can be joined again behind it. */
export interface NumberedLine {
  readonly id: string;
  readonly line: InstanceLogLine;
}

/** An agent stops sending when nobody has said for this long that they still read. */
const readerSeconds = 15;
const sayReadingEveryMs = 4000;
/** An agent that sends nothing for this long, not even the end of what it has, is away; or its stream is gone. */
const silenceMs = 5000;
const blockMs = 1000;

/**
 * Reads the instances' log off the nodes that keep it: a job asks the agent, which answers into a Redis stream. Where the
 * stream is gone, or the agent ends, the agent is asked anew for what comes after the last line that was seen.
 */
@Injectable()
export class InstanceLogs implements OnApplicationShutdown {
  readonly #connections = new Set<Redis>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly queues: Queues,
    private readonly config: Config,
  ) {}

  onApplicationShutdown(): void {
    for (const connection of this.#connections) connection.disconnect();
  }

  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<NumberedLine> {
    const places = placesOf(query.after);
    const nodes: { id: string }[] = await this.dataSource.query('select distinct i.node_id as id from instances i join nodes node on node.id = i.node_id where i.environment_id = $1 and node.removed_at is null', [query.environmentId]);
    if (nodes.length === 0) return;
    const redis = connectRedis(this.config.redisUrl, 'patient');
    this.#connections.add(redis);
    const open = new Map<string, Reading>();
    const saying = setInterval(() => void this.#sayReading(redis, open), sayReadingEveryMs);
    try {
      for (const { id } of nodes) await this.#ask(redis, open, id, places, query);
      yield* this.#collect(redis, open, places, query, signal);
    } finally {
      clearInterval(saying);
      this.#connections.delete(redis);
      redis.disconnect();
    }
  }

  async #ask(redis: Redis, open: Map<string, Reading>, nodeId: string, places: ReadonlyMap<string, LogCursor>, { environmentId, process, lines, follow }: LogQuery): Promise<void> {
    const requestId = randomUUID();
    const from = places.get(nodeId) ?? null;
    await redis.set(logReaderKey(nodeId, requestId), '1', 'EX', readerSeconds);
    await this.queues.produce(readLogs, { nodeId, requestId, environmentId, process, lines, follow, from }, { nodeId });
    open.set(logStreamKey(nodeId, requestId), { nodeId, requestId, last: '0', heardAt: performance.now() });
  }

  async *#collect(redis: Redis, open: Map<string, Reading>, places: Map<string, LogCursor>, query: LogQuery, signal: AbortSignal): AsyncGenerator<NumberedLine> {
    while (open.size > 0 && !signal.aborted) {
      const keys = [...open.keys()];
      const answer = await redis.xread('COUNT', 50, 'BLOCK', blockMs, 'STREAMS', ...keys, ...keys.map((key) => open.get(key)!.last));
      for (const [key, entries] of answer ?? []) {
        const reading = open.get(key)!;
        for (const [id, [field, value]] of entries) {
          reading.last = id;
          reading.heardAt = performance.now();
          if (field === 'begin' && !places.has(reading.nodeId)) places.set(reading.nodeId, LogCursor.parse(value));
          if (field === 'page') yield* numbered(LogPage.parse(JSON.parse(value ?? '')), reading.nodeId, places);
          if (field === 'end') await this.#joinAgain(redis, open, key, places, query);
        }
        // Makes room for what comes next.
        await redis.xdel(key, ...entries.map(([id]) => id));
      }
      for (const [key, { heardAt }] of open) {
        if (performance.now() - heardAt > silenceMs) await this.#lookAfter(redis, open, key, places, query);
      }
    }
  }

  /** Silence is usual while somebody follows, as long as the stream is there. */
  async #lookAfter(redis: Redis, open: Map<string, Reading>, key: string, places: ReadonlyMap<string, LogCursor>, query: LogQuery): Promise<void> {
    open.get(key)!.heardAt = performance.now();
    if (query.follow && (await redis.exists(key)) === 1) return;
    await this.#joinAgain(redis, open, key, places, query);
  }

  async #joinAgain(redis: Redis, open: Map<string, Reading>, key: string, places: ReadonlyMap<string, LogCursor>, query: LogQuery): Promise<void> {
    const { nodeId } = open.get(key)!;
    open.delete(key);
    if (query.follow) await this.#ask(redis, open, nodeId, places, query);
  }

  async #sayReading(redis: Redis, open: ReadonlyMap<string, Reading>): Promise<void> {
    for (const { nodeId, requestId } of open.values()) await redis.set(logReaderKey(nodeId, requestId), '1', 'EX', readerSeconds).catch(() => undefined);
  }
}

interface Reading {
  readonly nodeId: string;
  readonly requestId: string;
  /** The last entry of the stream that was read. */
  last: string;
  heardAt: number;
}

function* numbered({ lines, ends }: LogPage, nodeId: string, places: Map<string, LogCursor>): Generator<NumberedLine> {
  for (const [index, line] of lines.entries()) {
    places.set(nodeId, ends[index]!);
    yield { id: [...places].map(([node, cursor]) => `${node}=${cursor}`).join(','), line };
  }
}

/** How far the log of each node was read, from the id of a line. */
function placesOf(id: string | null): Map<string, LogCursor> {
  const entries = id === null ? [] : id.split(',').map((entry) => entry.split('='));
  const places = new Map<string, LogCursor>();
  for (const [node = '', cursor] of entries) {
    const parsed = LogCursor.safeParse(cursor);
    if (!parsed.success) throw new AppError('invalid_input', { detail: 'Last-Event-ID is not the id of a line of this log. Leave it out to read the last lines.' });
    places.set(node, parsed.data);
  }
  return places;
}
