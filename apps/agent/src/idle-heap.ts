import { performance } from 'node:perf_hooks';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from './clock.js';

const lookEveryMs = 10_000;
/** Who works for more of the time than this is not at rest. */
const restingShare = 0.05;
/** What is less is not worth a pause, which takes up to 200 ms; unless the last one is some time ago. */
const worthBytes = 4 * 1024 ** 2;
const afterWorkMs = 60_000;
/** Who does nothing but to ask for health and to tell figures leaves little behind. */
const atRestMs = 10 * 60_000;

/** Injection token of V8's own collector, all of it: what it keeps for later goes too. Absent unless node is run with --expose-gc. */
export const COLLECT = Symbol('collect');
export type Collect = (() => void) | undefined;

const { gc } = globalThis;
export const collect: Collect = gc && (() => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }));

/**
 * Gives back what a busy time left behind. V8 collects when it needs room, and who rests needs none: the heap would stay as
 * large as the last deployment made it, for as long as nothing happens.
 */
@Injectable()
export class IdleHeap implements OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private usedUntilNow = performance.eventLoopUtilization();
  private collectedBytes = 0;
  private collectedAt = -Infinity;
  private hasWorked = true;

  constructor(@Inject(COLLECT) private readonly collect: Collect) {}

  start(): void {
    if (this.collect) this.timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Collects after a busy time, and else from time to time, where this process has rested since the last look and has grown. */
  look(): void {
    const before = this.usedUntilNow;
    this.usedUntilNow = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(this.usedUntilNow, before);
    if (utilization > restingShare) this.hasWorked = true;
    else if (this.isWorthIt(now() - this.collectedAt)) this.collectNow();
  }

  private isWorthIt(sinceMs: number): boolean {
    const hasGrown = process.memoryUsage.rss() >= this.collectedBytes + worthBytes;
    return this.hasWorked ? hasGrown || sinceMs >= afterWorkMs : hasGrown && sinceMs >= atRestMs;
  }

  private collectNow(): void {
    this.collect?.();
    this.usedUntilNow = performance.eventLoopUtilization();
    this.collectedBytes = process.memoryUsage.rss();
    this.collectedAt = now();
    this.hasWorked = false;
  }
}
