import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from '../clock.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { LOG, type Log } from '../logger.js';
import { Pace } from '../pace.js';
import { Reconciler } from './reconciler.js';
import { Standstill } from './standstill.js';

/** So long a request is held at the control plane while nothing changes. */
const heldSeconds = 20;
/** Whatever went wrong with differences, on either side, ends with the whole set. */
const wholeEveryMs = 10 * 60_000;
const retryMs = 1000;
/** Connections that were kept may have been closed meanwhile: one attempt says little. */
const urgentAttempts = 3;

/** Brings the newest desired set from the control plane to the reconciler: one request is always held there until something changes. */
@Injectable()
export class DesiredFollower implements OnModuleDestroy {
  private readonly closing = new AbortController();
  /** On a node where something changes all the time, several changes come together. */
  private readonly pace = new Pace(10, 100);
  private wholeAt = -Infinity;
  private following: Promise<void> | null = null;
  private isAway = false;

  constructor(
    @Inject(ControlPlaneClient) private readonly controlPlane: ControlPlaneClient,
    @Inject(Reconciler) private readonly reconciler: Pick<Reconciler, 'accept' | 'generation'>,
    @Inject(Standstill) private readonly standstill: Pick<Standstill, 'start'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  start(): void {
    this.standstill.start(() => this.refresh({ waitSeconds: 0, attempts: urgentAttempts }));
    this.following ??= this.follow();
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.following;
  }

  /** The whole set first, then what changes of it. */
  private async refresh({ waitSeconds, attempts }: { waitSeconds: number; attempts: number }): Promise<void> {
    const { signal } = this.closing;
    const { generation } = this.reconciler;
    const isWhole = now() - this.wholeAt >= wholeEveryMs;
    const askedAt = now();
    const answer = isWhole ? await this.controlPlane.desired({ signal, attempts }) : await this.controlPlane.desiredSince(generation, waitSeconds, { signal, attempts });
    if (answer === null) return;
    await this.reconciler.accept(answer).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'base_unknown') this.wholeAt = -Infinity;
      // The database was restored from a backup: told what this node has, the control plane goes beyond it.
      if (error instanceof AppError && error.code === 'generation_outdated' && answer.since === null) this.wholeAt = askedAt;
      throw error;
    });
    if (answer.since === null) this.wholeAt = askedAt;
  }

  private async follow(): Promise<void> {
    while (!this.closing.signal.aborted) {
      await pause(this.pace.next(now()), undefined, { signal: this.closing.signal }).catch(() => undefined);
      try {
        await this.refresh({ waitSeconds: heldSeconds, attempts: 1 });
        this.succeeded();
      } catch (error) {
        this.failed(error);
        await pause(retryMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
      }
    }
  }

  private succeeded(): void {
    if (this.isAway) this.log.info('the desired set is up to date again');
    this.isAway = false;
  }

  private failed(error: unknown): void {
    if (!this.isAway && !this.closing.signal.aborted) this.log.warn({ err: error }, 'the newest desired set could not be had or kept; tried again until it can');
    this.isAway = true;
  }
}
