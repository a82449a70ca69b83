import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from '../clock.js';
import { LOG, type Log } from '../logger.js';

const tickMs = 1000;
/** No tick for this long: this process was stopped, its machine slept, or it had no time for anything. */
const standstillMs = 5000;

/**
 * Notices that this agent stood still. What it is about to do then was decided long ago: nothing is started, stopped or
 * switched before the newest desired set was read, or the control plane was found not to answer.
 */
@Injectable()
export class Standstill implements OnModuleDestroy {
  private tickedAt = now();
  private timer: NodeJS.Timeout | undefined;
  private catchingUp: Promise<void> | null = null;
  private readNewest: () => Promise<void> = async () => undefined;

  constructor(@Inject(LOG) private readonly log: Log) {}

  start(readNewest: () => Promise<void>): void {
    this.readNewest = readNewest;
    this.tickedAt = now();
    this.timer = setInterval(() => this.tick(), tickMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Resolves at once but after a standstill. Whoever decided something before looks whether it still holds. */
  async over(): Promise<void> {
    this.tick();
    if (this.catchingUp) await this.catchingUp;
  }

  private tick(): void {
    const stoodStillMs = now() - this.tickedAt;
    this.tickedAt += stoodStillMs;
    if (stoodStillMs >= standstillMs) this.catchingUp ??= this.catchUp(stoodStillMs).finally(() => (this.catchingUp = null));
  }

  private async catchUp(stoodStillMs: number): Promise<void> {
    this.log.warn({ stoodStillMs }, 'this agent stood still; it reads the desired set before it goes on');
    try {
      await this.readNewest();
    } catch (error) {
      this.log.warn({ err: error }, 'the newest desired set could not be had; the agent goes on with the one that it has');
    }
  }
}
