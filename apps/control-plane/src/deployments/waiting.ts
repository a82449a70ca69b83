import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { WakeUps } from '../database/wake-ups.js';
import { cancelled } from './deployment-mover.js';
import { Deployment } from './deployment.entity.js';

/** Waiting within a deployment: woken by reports, and ended by whoever cancels it. */
@Injectable()
export class Waiting {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeUps: WakeUps,
  ) {}

  /** Looks until there is something; undefined after `timeoutMs`. Throws `deployment_cancelled`. */
  async until<T>(deploymentId: string, timeoutMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    return this.wakeUps.until(deploymentId, timeoutMs, async () => {
      const seen = await look();
      if (seen !== undefined) return seen;
      const deployment = await this.dataSource.manager.findOneByOrFail(Deployment, { id: deploymentId });
      if (deployment.cancelRequestedAt) throw cancelled();
      return undefined;
    });
  }
}
