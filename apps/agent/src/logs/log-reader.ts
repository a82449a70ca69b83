import { setTimeout as pause } from 'node:timers/promises';
import type { InstanceLogLine, readLogs } from '@molo/contracts';
import { connectRedis, logReaderKey, logStreamKey } from '@molo/queue';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { z } from 'zod';
import { CONFIG, type AgentConfig } from '../config.js';
import type { LogRecord } from './environment-log.js';
import { LogStore } from './log-store.js';

type Request = z.infer<typeof readLogs.data>;

const linesPerEntry = 200;
const longestStream = 1000;
const streamLifeSeconds = 120;
const gatherMs = 50;
const readerCheckMs = 2000;
/** A reader that was never seen by then, or was last seen that long ago, has gone. */
const readerAbsenceMs = 15_000;
const waitingLines = 20_000;

/** Answers requests to read logs: the last lines, then new ones for as long as somebody reads. */
@Injectable()
export class LogReader implements OnModuleDestroy {
  private readonly redis: ReturnType<typeof connectRedis>;

  constructor(
    @Inject(CONFIG) config: Pick<AgentConfig, 'redisUrl'>,
    @Inject(LogStore) private readonly store: LogStore,
  ) {
    this.redis = connectRedis(config.redisUrl, 'fail-fast');
  }

  onModuleDestroy(): void {
    this.redis.disconnect();
  }

  async read(request: Request, signal: AbortSignal): Promise<void> {
    const key = logStreamKey(request.nodeId, request.requestId);
    const passes = (record: LogRecord) => request.process === null || record.p === request.process || record.n === request.process;
    const log = this.store.of(request.environmentId);
    if (request.follow) await this.follow(request, key, log, passes, signal);
    else await this.send(key, await log.tail(request.lines, passes));
    await this.redis.xadd(key, 'MAXLEN', '~', longestStream, '*', 'end', '1');
    await this.redis.expire(key, streamLifeSeconds);
  }

  private async follow(request: Request, key: string, log: ReturnType<LogStore['of']>, passes: (record: LogRecord) => boolean, signal: AbortSignal): Promise<void> {
    let waiting: LogRecord[] = [];
    let wake = () => {};
    const { tail, stop } = await log.tailAndFollow(request.lines, passes, (records) => {
      waiting = [...waiting, ...records].slice(-waitingLines);
      wake();
    });
    const seen = { at: performance.now(), checkedAt: 0 };
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      await this.send(key, tail);
      while (!signal.aborted && (await this.isRead(request, key, seen))) {
        const lines = waiting;
        waiting = [];
        await this.send(key, lines);
        if (waiting.length === 0) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), pause(readerCheckMs, undefined, { ref: false })]);
        await pause(gatherMs);
      }
    } finally {
      stop();
    }
  }

  private async isRead(request: Request, key: string, seen: { at: number; checkedAt: number }): Promise<boolean> {
    const now = performance.now();
    if (now - seen.checkedAt < readerCheckMs) return true;
    seen.checkedAt = now;
    if ((await this.redis.exists(logReaderKey(request.nodeId, request.requestId))) === 1) seen.at = now;
    await this.redis.expire(key, streamLifeSeconds);
    return now - seen.at < readerAbsenceMs;
  }

  private async send(key: string, records: readonly LogRecord[]): Promise<void> {
    for (let from = 0; from < records.length; from += linesPerEntry) {
      const lines = records.slice(from, from + linesPerEntry).map(lineOf);
      await this.redis.xadd(key, 'MAXLEN', '~', longestStream, '*', 'lines', JSON.stringify(lines));
    }
    if (records.length > 0) await this.redis.expire(key, streamLifeSeconds);
  }
}

function lineOf(record: LogRecord): InstanceLogLine {
  return { at: record.at, process: record.p, instance: record.n, release: record.r, stream: record.s, text: record.t };
}
