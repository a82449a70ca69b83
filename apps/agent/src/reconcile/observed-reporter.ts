import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from '../clock.js';
import { CoalescedWork } from '../coalesced-work.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { LOG, type Log } from '../logger.js';
import { Pace } from '../pace.js';
import { type Observation, ReportDifferences } from './report-differences.js';

const gatherMs = 10;
/** What nobody waits for. */
const gatherNotedMs = 100;
const heartbeatMs = 10_000;
const longestPauseMs = 1000;

/** Tells the control plane what changed of what the agent sees: at once, until it was taken; and that it lives, when nothing did. */
@Injectable()
export class ObservedReporter implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private observe: (() => Promise<Observation>) | null = null;
  private readonly differences = new ReportDifferences();
  /** On a node where something changes all the time, several changes go together. */
  private readonly pace = new Pace(10, 100);
  private failures = 0;
  private readonly sending = new CoalescedWork(() => this.send());
  private heartbeat: NodeJS.Timeout | undefined;
  private noting: NodeJS.Timeout | undefined;
  private isSignDue = true;

  constructor(
    @Inject(ControlPlaneClient) private readonly controlPlane: ControlPlaneClient,
    @Inject(LOG) private readonly log: Log,
  ) {}

  start(observe: () => Promise<Observation>): void {
    this.observe = observe;
    this.heartbeat = setInterval(() => this.giveSign(), heartbeatMs);
    this.changed();
  }

  changed(): void {
    if (this.observe) this.sending.ask();
  }

  /** Something changed that is told for people to see: it goes a little later, or together with what is waited for. */
  noted(): void {
    if (this.observe) this.noting ??= setTimeout(() => this.changed(), gatherNotedMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.heartbeat);
    clearTimeout(this.noting);
    this.closing.abort();
    await this.sending.end();
  }

  private giveSign(): void {
    this.isSignDue = true;
    this.changed();
  }

  private async send(): Promise<void> {
    const waitMs = this.failures === 0 ? Math.max(gatherMs, this.pace.next(now())) : Math.min(100 * 2 ** this.failures, longestPauseMs);
    await pause(waitMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    clearTimeout(this.noting);
    this.noting = undefined;
    if (this.observe === null || this.closing.signal.aborted) return;
    const error = await this.sendOnce(await this.observe());
    if (error !== null && this.failures === 0) this.log.warn({ err: error }, 'the control plane did not take what is observed; tried again until it does');
    this.failures = error === null ? 0 : this.failures + 1;
    if (error !== null) this.sending.ask();
  }

  private async sendOnce(observation: Observation): Promise<unknown> {
    const { report, took, isNews } = this.differences.next(observation, now());
    if (!isNews && !this.isSignDue) return null;
    try {
      await this.controlPlane.reportObserved(report, this.closing.signal);
      took();
      this.isSignDue = false;
      return null;
    } catch (error) {
      // Whether it was taken is not known: something is said again, though it be no news by then.
      this.isSignDue = true;
      if (error instanceof AppError && error.code === 'base_unknown') this.differences.forget();
      return error;
    }
  }
}
