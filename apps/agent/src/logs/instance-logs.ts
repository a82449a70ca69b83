import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from '../clock.js';
import type { Container } from '../engine/engine.js';
import { LOG, type Log } from '../logger.js';
import { Pace } from '../pace.js';
import { DeploymentLines } from './deployment-lines.js';
import { EngineLines, engineTime, type LogLine } from './engine-lines.js';
import { EngineLog } from './engine-log.js';
import type { EnvironmentLog, LogPosition, LogRecord } from './environment-log.js';
import { FolderNews } from './folder-news.js';
import { LogStore } from './log-store.js';

const keptLines = 50;
const longestKeptLine = 2000;
/** Lines that come close together are read together. */
const gatherMs = 10;
/** Of the engine's file; one container is read no faster, so that it cannot take the agent's time from others; bursts of one second are let through. */
const bytesPerSecond = 8 * 1024 ** 2;
const clockDoubtMs = 2000;
/** Lines of a container that started before are in the log of its deployment by now, if they ever come there. */
const sentWithinMs = 3600_000;

interface Following {
  readonly done: Promise<void>;
  /** Ends it where it is. */
  readonly stop: () => void;
  /** Fires when the container has ended: what it said is all in the engine's files by then. */
  readonly ended: AbortController;
}

interface Signals {
  readonly ended: AbortSignal;
  readonly stopped: AbortSignal;
}

/** Where the lines of one container go. */
interface Target {
  readonly container: Container;
  readonly log: EnvironmentLog;
  readonly forDeployment: () => boolean;
  readonly isNew: (line: LogLine) => boolean;
  readonly pace: Pace;
}

/** Reads the log of each container into the files of its environment, each line once, however often the agent restarts. */
@Injectable()
export class InstanceLogs implements OnModuleDestroy {
  private readonly following = new Map<string, Following>();
  private readonly last = new Map<string, string[]>();
  private readonly closing = new AbortController();
  private readonly startedAt = Date.now();

  constructor(
    @Inject(LogStore) private readonly store: LogStore,
    @Inject(DeploymentLines) private readonly deployments: DeploymentLines,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.following.values()].map((each) => each.done));
  }

  /** Follows a container until it has ended and its last line was read. Lines also go to its deployment's log while `forDeployment` says so. */
  follow(container: Container, forDeployment: () => boolean): void {
    if (this.closing.signal.aborted || container.logFile === null) return;
    const following = this.following.get(container.id) ?? this.begin(container, container.logFile, forDeployment);
    if (container.status === 'exited') following.ended.abort();
  }

  /** Resolves once the log of an ended container was read to its end, or the time is over. */
  async settled(containerId: string, timeoutMs: number): Promise<void> {
    const following = this.following.get(containerId);
    if (!following) return;
    following.ended.abort();
    const waiting = new AbortController();
    await Promise.race([following.done, pause(timeoutMs, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined)]);
    waiting.abort();
  }

  /** Adds a line of the platform's own to the log of the deployment that a container belongs to. */
  tellDeployment(container: Container, text: string): void {
    this.deployments.tell(container, text);
  }

  lastLines(instanceId: string): string[] {
    return [...(this.last.get(instanceId) ?? [])];
  }

  /** Forgets a container that is gone; its lines stay in the files. */
  forgetContainer(containerId: string): void {
    this.following.get(containerId)?.stop();
    this.following.delete(containerId);
    this.deployments.forget(containerId);
  }

  forgetInstance(instanceId: string): void {
    this.last.delete(instanceId);
  }

  private begin(container: Container, logFile: string, forDeployment: () => boolean): Following {
    const [stopping, ended] = [new AbortController(), new AbortController()];
    const signal = AbortSignal.any([stopping.signal, this.closing.signal]);
    const done = this.run(container, logFile, forDeployment, { ended: ended.signal, stopped: signal }).catch((error: unknown) => {
      if (!signal.aborted) this.log.warn({ container: container.id, err: error }, 'the log of a container cannot be read');
    });
    const following = { done, stop: () => stopping.abort(), ended };
    this.following.set(container.id, following);
    return following;
  }

  private async run(container: Container, logFile: string, forDeployment: () => boolean, { ended, stopped }: Signals): Promise<void> {
    const log = this.store.of(container.labels['molo.environment-id'] ?? 'unknown');
    await using source = new EngineLog(logFile);
    const isNew = await this.resume(container, log, source, forDeployment);
    const target: Target = { container, log, forDeployment, isNew, pace: new Pace(bytesPerSecond, 1000 / bytesPerSecond) };
    const lines = new EngineLines();
    const either = AbortSignal.any([ended, stopped]);
    while (!stopped.aborted) {
      const hasEnded = ended.aborted;
      if (await this.readOn(source, lines, target, stopped)) {
        if (!hasEnded) await pause(gatherMs, undefined, { signal: stopped });
      } else if (hasEnded) {
        return this.take(target, lines.end().filter(isNew));
      } else {
        using news = new FolderNews(dirname(logFile));
        // Once more, for what came in before the folder was watched.
        if (!(await this.readOn(source, lines, target, stopped))) await news.wait(either);
      }
    }
  }

  /** Goes to where an agent before this one has read to. @returns whether a line comes after that */
  private async resume(container: Container, log: EnvironmentLog, source: EngineLog, forDeployment: () => boolean): Promise<(line: LogLine) => boolean> {
    // What started after this agent was read by nobody yet; what seems to start yet to come started before the clock was set back.
    const startedAt = container.startedAt?.getTime() ?? 0;
    const isOld = startedAt < this.startedAt + clockDoubtMs || startedAt > Date.now() + clockDoubtMs;
    const position = isOld ? await log.position(shortId(container)) : null;
    if (position === null) return () => true;
    await this.recall(log, container);
    if (forDeployment() || startedAt > Date.now() - sentWithinMs) await this.sendAgain(log, container);
    if (await source.seek(engineTime(position.at))) return afterPosition(position);
    await this.write(log, [gapRecord(container, position.at)]);
    return () => true;
  }

  /** Reads what is there. @returns whether there was anything */
  private async readOn(source: EngineLog, lines: EngineLines, target: Target, signal: AbortSignal): Promise<boolean> {
    let some = false;
    for (let chunk = await source.read(); chunk !== null && !signal.aborted; chunk = await source.read()) {
      some = true;
      const taken = lines.take(chunk.bytes).filter(target.isNew);
      if (chunk.hasGap) await this.write(target.log, [gapRecord(target.container, taken[0]?.at)]);
      await this.take(target, taken);
      const restMs = target.pace.next(now(), chunk.bytes.length);
      if (restMs > 0) await pause(restMs, undefined, { signal });
    }
    return some;
  }

  private async take({ container, log, forDeployment }: Target, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return;
    this.keep(container.labels['molo.instance'] ?? '', lines);
    const isForDeployment = forDeployment();
    if (isForDeployment) this.deployments.add(container, lines);
    await this.write(log, lines.map((line) => (isForDeployment ? { ...recordOf(container, line), d: true } : recordOf(container, line))));
  }

  private async write(log: EnvironmentLog, records: readonly LogRecord[]): Promise<void> {
    try {
      await log.append(records);
    } catch (error) {
      this.log.error({ folder: log.folder, err: error }, 'log lines could not be written and are lost');
    }
  }

  private keep(instanceId: string, lines: readonly { readonly text: string }[]): void {
    const newest = lines.slice(-keptLines).map(({ text }) => text.slice(0, longestKeptLine));
    this.last.set(instanceId, [...(this.last.get(instanceId) ?? []), ...newest].slice(-keptLines));
  }

  /** Those that the agent before this one has read and may not have sent when it was killed; what has arrived is not taken twice. */
  private async sendAgain(log: EnvironmentLog, container: Container): Promise<void> {
    const short = shortId(container);
    const records = await log.tail(Infinity, (record) => record.c === short && record.d === true);
    this.deployments.add(container, records.map(({ at, t: text }) => ({ at, stream: 'stdout', text })));
  }

  private async recall(log: EnvironmentLog, container: Container): Promise<void> {
    const short = shortId(container);
    const records = await log.tail(keptLines, (record) => record.c === short);
    this.keep(container.labels['molo.instance'] ?? '', records.map(({ t: text }) => ({ text })));
  }
}

/** Passes what comes after as many lines of the position's time as were read. Lines come in the order of the files; times do not where the clock was set. */
function afterPosition({ at, count }: LogPosition): (line: LogLine) => boolean {
  let known = count;
  return (line) => {
    if (known === 0) return true;
    if (line.at === at) known -= 1;
    return false;
  };
}

function shortId(container: Container): string {
  return container.id.slice(0, 12);
}

function recordOf(container: Container, line: LogLine): LogRecord {
  const { labels } = container;
  const process = labels['molo.process'] ?? '';
  return {
    at: line.at,
    c: shortId(container),
    i: labels['molo.instance'] ?? '',
    p: process,
    n: `${process}.${labels['molo.index'] ?? '1'}`,
    r: Number(labels['molo.release'] ?? 0),
    s: line.stream,
    t: line.text,
  };
}

/** What a reader sees where the engine has removed a file before it was read. */
function gapRecord(container: Container, at = new Date().toISOString()): LogRecord {
  const text = 'Lines are missing here: more was written than the engine keeps, before it was read.';
  return { ...recordOf(container, { at, stream: 'stderr', text }), c: '', s: 'molo' };
}
