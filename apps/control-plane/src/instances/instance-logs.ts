import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InstanceLogLine, readLogs } from '@molo/contracts';
import { connectRedis, logReaderKey, logStreamKey, Queues } from '@molo/queue';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Config } from '../config.js';

export interface LogQuery {
  readonly environmentId: string;
  readonly process: string | null;
  readonly lines: number;
  readonly follow: boolean;
}

/** An agent stops sending when nobody has said for this long that they still read. */
const readerSeconds = 15;
/** An agent that sends nothing for this long, not even the end of what it has, is away. */
const silenceMs = 5000;
const blockMs = 1000;

const Lines = z.array(InstanceLogLine);

/**
 * Reads the instances' log off the nodes that keep it: a job asks the agent, which answers into a Redis stream.
 * A Redis that was flushed ends the reading; the reader asks anew.
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

  async *read(query: LogQuery, signal: AbortSignal): AsyncGenerator<InstanceLogLine> {
    const nodes: { id: string }[] = await this.dataSource.query('select distinct node_id as id from instances where environment_id = $1', [query.environmentId]);
    if (nodes.length === 0) return;
    const redis = connectRedis(this.config.redisUrl, 'patient');
    this.#connections.add(redis);
    try {
      const requests = nodes.map(({ id }) => ({ nodeId: id, requestId: randomUUID() }));
      for (const request of requests) await this.#ask(redis, request, query);
      yield* this.#collect(redis, requests, query.follow, signal);
    } finally {
      this.#connections.delete(redis);
      redis.disconnect();
    }
  }

  async #ask(redis: Redis, request: Request, { environmentId, process, lines, follow }: LogQuery): Promise<void> {
    await this.#keepReading(redis, request);
    await this.queues.produce(readLogs, { ...request, environmentId, process, lines, follow }, { nodeId: request.nodeId });
  }

  async *#collect(redis: Redis, requests: readonly Request[], follow: boolean, signal: AbortSignal): AsyncGenerator<InstanceLogLine> {
    const open = new Map(requests.map((request) => [logStreamKey(request.nodeId, request.requestId), { request, last: '0', at: Date.now() }]));
    while (open.size > 0 && !signal.aborted) {
      const keys = [...open.keys()];
      const answer = await redis.xread('COUNT', 200, 'BLOCK', blockMs, 'STREAMS', ...keys, ...keys.map((key) => open.get(key)!.last));
      for (const [key, entries] of answer ?? []) {
        const reading = open.get(key)!;
        for (const [id, fields] of entries) {
          reading.last = id;
          reading.at = Date.now();
          if (fields[0] === 'end') open.delete(key);
          else yield* Lines.parse(JSON.parse(fields[1] ?? '[]'));
        }
      }
      for (const [key, { request, at }] of open) {
        if (!follow && Date.now() - at > silenceMs) open.delete(key);
        else await this.#keepReading(redis, request);
      }
    }
  }

  async #keepReading(redis: Redis, request: Request): Promise<void> {
    await redis.set(logReaderKey(request.nodeId, request.requestId), '1', 'EX', readerSeconds);
  }
}

interface Request {
  readonly nodeId: string;
  readonly requestId: string;
}
