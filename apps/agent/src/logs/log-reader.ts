import { setTimeout as pause } from 'node:timers/promises';
import { type InstanceLogLine, LogCursor, type LogPage, longestLogStream, type readLogs } from '@molo/contracts';
import { connectRedis, logReaderKey, logStreamKey } from '@molo/queue';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { z } from 'zod';
import { CONFIG, type AgentConfig } from '../config.js';
import type { EnvironmentLog, LogPart, LogRecord, Place } from './environment-log.js';
import { LogStore } from './log-store.js';

type Request = z.infer<typeof readLogs.data>;

const linesPerEntry = 200;
const streamLifeSeconds = 120;
/** Lines that come close together are sent together. */
const gatherMs = 20;
const roomCheckMs = 10;
const readerCheckMs = 2000;
/** A reader that was never seen by then, or was last seen that long ago, has gone. */
const readerAbsenceMs = 15_000;

/**
 * Answers requests to read logs: the last lines, or all from a place on, then new ones for as long as somebody reads.
 * Lines wait in the log's files and nowhere else, so that a reader who is slow holds up nobody and loses nothing that
 * the files still have.
 */
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
    const log = this.store.of(request.environmentId);
    const passes = (record: LogRecord) => request.process === null || record.p === request.process || record.n === request.process;
    const reading = new Reading(this.redis, request);
    let place = request.from === null ? await log.placeBefore(request.lines, passes) : placeOf(request.from);
    const stopAt = request.follow ? null : await log.end();
    using news = new News(log);
    await reading.add('begin', cursorOf(place));
    while (!signal.aborted && !(stopAt && isBehind(place, stopAt)) && (await reading.hasReader())) {
      news.forget();
      const part = await log.read(place);
      place = part.next;
      if (!(await reading.send(pages(part, passes), signal))) break;
      if (part.isAtEnd) await news.wait(signal);
    }
    await reading.add('end', '1');
  }
}

/** The way of one reading to whoever asked for it. */
class Reading {
  private readonly key: string;
  private seenAt = performance.now();
  private checkedAt = -Infinity;

  constructor(
    private readonly redis: ReturnType<typeof connectRedis>,
    private readonly request: Request,
  ) {
    this.key = logStreamKey(request.nodeId, request.requestId);
  }

  async add(field: string, value: string): Promise<void> {
    await this.redis.xadd(this.key, '*', field, value);
    await this.redis.expire(this.key, streamLifeSeconds);
  }

  /** @returns false when nobody reads any more */
  async send(entries: readonly LogPage[], signal: AbortSignal): Promise<boolean> {
    for (const page of entries) {
      while ((await this.redis.xlen(this.key)) >= longestLogStream) {
        if (signal.aborted || !(await this.hasReader())) return false;
        await pause(roomCheckMs);
      }
      await this.redis.xadd(this.key, '*', 'page', JSON.stringify(page));
    }
    return true;
  }

  async hasReader(): Promise<boolean> {
    const now = performance.now();
    if (now - this.checkedAt < readerCheckMs) return true;
    this.checkedAt = now;
    if ((await this.redis.exists(logReaderKey(this.request.nodeId, this.request.requestId))) === 1) this.seenAt = now;
    await this.redis.expire(this.key, streamLifeSeconds);
    return now - this.seenAt < readerAbsenceMs;
  }
}

/** Whether a log was added to; asked about before its end is looked for, it misses nothing. */
class News implements Disposable {
  private arrived = new AbortController();
  private readonly stop: () => void;

  constructor(log: EnvironmentLog) {
    this.stop = log.onAppend(() => this.arrived.abort());
  }

  forget(): void {
    if (this.arrived.signal.aborted) this.arrived = new AbortController();
  }

  /** Resolves soon after the log was added to, and now and then without. */
  async wait(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([this.arrived.signal, signal]);
    await pause(readerCheckMs, undefined, { signal: either, ref: false }).catch(() => undefined);
    await pause(gatherMs);
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function pages({ records, next, hasGap }: LogPart, passes: (record: LogRecord) => boolean): LogPage[] {
  const wanted = records.filter(({ record }) => passes(record));
  const found: LogPage[] = hasGap ? [{ lines: [gapLine(records[0]?.record.at)], ends: [cursorOf({ ...next, offset: 0 })] }] : [];
  for (let from = 0; from < wanted.length; from += linesPerEntry) {
    const some = wanted.slice(from, from + linesPerEntry);
    found.push({ lines: some.map(({ record }) => lineOf(record)), ends: some.map(({ end }) => cursorOf(end)) });
  }
  return found;
}

function lineOf(record: LogRecord): InstanceLogLine {
  return { at: record.at, process: record.p, instance: record.n, release: record.r, stream: record.s, text: record.t };
}

function gapLine(at = new Date().toISOString()): InstanceLogLine {
  return { at, process: 'molo', instance: 'molo', release: 0, stream: 'molo', text: 'Lines are missing here: more was written than is kept, before it was read.' };
}

function cursorOf({ file, offset }: Place): LogCursor {
  return `${file}.${offset}`;
}

function placeOf(cursor: LogCursor): Place {
  const [file = 1, offset = 0] = cursor.split('.').map(Number);
  return { file, offset };
}

function isBehind(place: Place, other: Place): boolean {
  return place.file > other.file || (place.file === other.file && place.offset >= other.offset);
}
