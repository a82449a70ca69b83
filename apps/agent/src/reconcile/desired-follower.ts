import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { LOG, type Log } from '../logger.js';
import { Reconciler } from './reconciler.js';
import { Standstill } from './standstill.js';

/** Jobs say at once that there is something new; this finds out when a job was lost with Redis. */
const lookEveryMs = 10_000;
const retryMs = 1000;
/** Connections that were kept may have been closed meanwhile: one attempt says little. */
const urgentAttempts = 3;

/** Brings the newest desired set from the control plane to the reconciler. */
@Injectable()
export class DesiredFollower implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private etag: string | undefined;
  private following: Promise<void> | null = null;
  private isAway = false;

  constructor(
    @Inject(ControlPlaneClient) private readonly controlPlane: ControlPlaneClient,
    @Inject(Reconciler) private readonly reconciler: Reconciler,
    @Inject(Standstill) private readonly standstill: Standstill,
    @Inject(LOG) private readonly log: Log,
  ) {}

  start(): void {
    this.standstill.start(() => this.refresh(urgentAttempts));
    this.following ??= this.follow();
  }

  /** Fetches until the node is at least at this generation. Throws when the control plane does not answer. */
  async reach(generation: number): Promise<void> {
    if (this.reconciler.generation < generation) await this.refresh(urgentAttempts);
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.following;
  }

  private async refresh(attempts: number): Promise<void> {
    const answer = await this.controlPlane.desired(this.etag, { signal: this.closing.signal, attempts });
    if (answer === null) return;
    await this.reconciler.accept(answer.node);
    this.etag = answer.etag;
  }

  private async follow(): Promise<void> {
    while (!this.closing.signal.aborted) {
      const waitMs = await this.refresh(1).then(() => this.succeeded(), (error: unknown) => this.failed(error));
      await pause(waitMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private succeeded(): number {
    if (this.isAway) this.log.info('the desired set is up to date again');
    this.isAway = false;
    return lookEveryMs;
  }

  private failed(error: unknown): number {
    if (!this.isAway && !this.closing.signal.aborted) this.log.warn({ err: error }, 'the newest desired set could not be had or kept; tried again until it can');
    this.isAway = true;
    return retryMs;
  }
}
