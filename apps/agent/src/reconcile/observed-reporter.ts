import { setTimeout as pause } from 'node:timers/promises';
import type { ObservedNode } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CoalescedWork } from '../coalesced-work.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { LOG, type Log } from '../logger.js';

const gatherMs = 10;
const heartbeatMs = 10_000;
const longestPauseMs = 1000;

/** What is reported, without what the reporter itself adds. */
export type Observation = Omit<ObservedNode, 'seq' | 'agentStartedAt'>;

/** Tells the control plane what the agent sees: at once when it changed, until it was taken, and as a sign of life. */
@Injectable()
export class ObservedReporter implements OnModuleDestroy {
  private readonly agentStartedAt = new Date().toISOString();
  private readonly closing = new AbortController();
  private observe: (() => Promise<Observation>) | null = null;
  private seq = 0;
  private failures = 0;
  private readonly sending = new CoalescedWork(() => this.send());
  private heartbeat: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ControlPlaneClient) private readonly controlPlane: ControlPlaneClient,
    @Inject(LOG) private readonly log: Log,
  ) {}

  start(observe: () => Promise<Observation>): void {
    this.observe = observe;
    this.heartbeat = setInterval(() => this.changed(), heartbeatMs);
    this.changed();
  }

  changed(): void {
    if (this.observe) this.sending.ask();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.heartbeat);
    this.closing.abort();
    await this.sending.end();
  }

  private async send(): Promise<void> {
    const waitMs = this.failures === 0 ? gatherMs : Math.min(100 * 2 ** this.failures, longestPauseMs);
    await pause(waitMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    if (this.observe === null || this.closing.signal.aborted) return;
    const error = await this.sendOnce(await this.observe());
    if (error !== null && this.failures === 0) this.log.warn({ err: error }, 'the control plane did not take what is observed; tried again until it does');
    this.failures = error === null ? 0 : this.failures + 1;
    if (error !== null) this.sending.ask();
  }

  private async sendOnce(observation: Observation): Promise<unknown> {
    this.seq += 1;
    try {
      await this.controlPlane.reportObserved({ ...observation, seq: this.seq, agentStartedAt: this.agentStartedAt }, this.closing.signal);
      return null;
    } catch (error) {
      return error;
    }
  }
}
