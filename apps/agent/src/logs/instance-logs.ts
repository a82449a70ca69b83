import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Engine, type Container } from '../engine/engine.js';
import { LOG, type Log } from '../logger.js';
import { DeploymentLines } from './deployment-lines.js';
import { logLines, type LogLine } from './docker-log-stream.js';
import type { EnvironmentLog, LogPosition, LogRecord } from './environment-log.js';
import { LogStore } from './log-store.js';

const keptLines = 50;
const longestKeptLine = 2000;
const reconnectPauseMs = 500;
/** What one container may write each second; it is read no faster, so that it cannot take the agent's time from others. */
const bytesPerSecond = 2 * 1024 ** 2;
const clockDoubtMs = 2000;

interface Following {
  readonly done: Promise<void>;
  readonly stop: () => void;
}

/** Reads the log of each container into the files of its environment, each line once, however often the agent restarts. */
@Injectable()
export class InstanceLogs implements OnModuleDestroy {
  private readonly following = new Map<string, Following>();
  private readonly last = new Map<string, string[]>();
  private readonly closing = new AbortController();
  private readonly startedAt = Date.now();

  constructor(
    @Inject(Engine) private readonly engine: Engine,
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
    if (this.following.has(container.id) || this.closing.signal.aborted) return;
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.closing.signal]);
    const done = this.run(container, forDeployment, signal).catch((error: unknown) => {
      if (!signal.aborted) this.log.warn({ container: container.id, err: error }, 'the log of a container cannot be read');
    });
    this.following.set(container.id, { done, stop: () => stopping.abort() });
  }

  /** Resolves once the log of an ended container was read to its end, or the time is over. */
  async settled(containerId: string, timeoutMs: number): Promise<void> {
    const following = this.following.get(containerId);
    if (!following) return;
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

  private async run(container: Container, forDeployment: () => boolean, signal: AbortSignal): Promise<void> {
    const log = this.store.of(container.labels['molo.environment-id'] ?? 'unknown');
    const short = container.id.slice(0, 12);
    // What started after this agent was read by nobody yet.
    const isOld = (container.startedAt?.getTime() ?? 0) < this.startedAt + clockDoubtMs;
    let position = isOld ? await log.position(short) : null;
    if (position) await this.recall(log, container);
    while (!signal.aborted) {
      position = await this.readOn(container, log, position, forDeployment, signal);
      if (await this.hasEnded(container.id)) return;
      await pause(reconnectPauseMs, undefined, { signal });
    }
  }

  /** An engine that does not answer may come back, with the container running on. */
  private async hasEnded(containerId: string): Promise<boolean> {
    try {
      return (await this.engine.inspect(containerId))?.status !== 'running';
    } catch {
      return false;
    }
  }

  /** Reads until the engine ends the stream; returns how far it got. */
  private async readOn(container: Container, log: EnvironmentLog, from: LogPosition | null, forDeployment: () => boolean, signal: AbortSignal): Promise<LogPosition | null> {
    let position = from;
    try {
      const source = await this.engine.logs(container.id, from?.at ?? null, signal);
      const isNew = afterPosition(from);
      const isInOrder = ascending();
      const pace = new Pace(bytesPerSecond);
      for await (const lines of logLines(source)) {
        const fresh = lines.filter((line) => isNew(line) && isInOrder(line));
        if (fresh.length === 0) continue;
        await this.take(container, log, fresh, forDeployment());
        position = advance(position, fresh);
        const restMs = pace.pauseMs(fresh.reduce((sum, line) => sum + line.text.length, 0));
        if (restMs > 0) await pause(restMs, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) this.log.debug({ container: container.id, err: error }, 'the log of a container broke off');
    }
    return position;
  }

  private async take(container: Container, log: EnvironmentLog, lines: readonly LogLine[], forDeployment: boolean): Promise<void> {
    const instanceId = container.labels['molo.instance'] ?? '';
    this.keep(instanceId, lines.map((line) => line.text));
    if (forDeployment) this.deployments.add(container, lines);
    try {
      await log.append(lines.map((line) => recordOf(container, line)));
    } catch (error) {
      this.log.error({ folder: log.folder, err: error }, 'log lines could not be written and are lost');
    }
  }

  private keep(instanceId: string, lines: readonly string[]): void {
    const kept = [...(this.last.get(instanceId) ?? []), ...lines.map((line) => line.slice(0, longestKeptLine))];
    this.last.set(instanceId, kept.slice(-keptLines));
  }

  private async recall(log: EnvironmentLog, container: Container): Promise<void> {
    const short = container.id.slice(0, 12);
    const records = await log.tail(keptLines, (record) => record.c === short);
    this.keep(container.labels['molo.instance'] ?? '', records.map((record) => record.t));
  }
}

/** Says how long to rest after so many bytes, to keep to a number of bytes each second; bursts of one second are let through. */
class Pace {
  private allowance: number;
  private at = performance.now();

  constructor(private readonly perSecond: number) {
    this.allowance = perSecond;
  }

  pauseMs(bytes: number): number {
    const now = performance.now();
    this.allowance = Math.min(this.perSecond, this.allowance + ((now - this.at) / 1000) * this.perSecond) - bytes;
    this.at = now;
    return this.allowance >= 0 ? 0 : (-this.allowance / this.perSecond) * 1000;
  }
}

/** Passes lines that were not read before `position` was reached. Times of one container come in order and in one format. */
function afterPosition(position: LogPosition | null): (line: LogLine) => boolean {
  let known = position?.count ?? 0;
  return (line) => {
    if (position === null || line.at > position.at) return true;
    if (line.at < position.at) return false;
    known -= 1;
    return known < 0;
  };
}

/** The engine says lines once more where it began a new file while it was followed (seen with Docker 20.10). */
function ascending(): (line: LogLine) => boolean {
  const newest = { stdout: '', stderr: '' };
  return ({ stream, at }) => {
    if (at < newest[stream]) return false;
    newest[stream] = at;
    return true;
  };
}

function advance(position: LogPosition | null, lines: readonly LogLine[]): LogPosition | null {
  const at = lines.at(-1)?.at;
  if (at === undefined) return position;
  const before = position?.at === at ? position.count : 0;
  return { at, count: before + lines.filter((line) => line.at === at).length };
}

function recordOf(container: Container, line: LogLine): LogRecord {
  const { labels } = container;
  const process = labels['molo.process'] ?? '';
  return {
    at: line.at,
    c: container.id.slice(0, 12),
    i: labels['molo.instance'] ?? '',
    p: process,
    n: `${process}.${labels['molo.index'] ?? '1'}`,
    r: Number(labels['molo.release'] ?? 0),
    s: line.stream,
    t: line.text,
  };
}
