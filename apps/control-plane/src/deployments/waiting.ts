import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { WakeUps } from '../database/wake-ups.js';
import { cancelled, DeploymentMover } from './deployment-mover.js';
import { Deployment } from './deployment.entity.js';

type Look<T> = (manager: EntityManager) => Promise<T | undefined>;

/** Waiting within a deployment: woken by reports, and ended by whoever cancels it. */
@Injectable()
export class Waiting {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeUps: WakeUps,
    private readonly mover: DeploymentMover,
  ) {}

  /** Looks until there is something; undefined after `timeoutMs`. Throws `deployment_cancelled`. */
  async until<T>(deploymentId: string, timeoutMs: number, look: Look<T>): Promise<T | undefined> {
    return this.wakeUps.until(deploymentId, timeoutMs, () => this.#seen(deploymentId, look));
  }

  /**
   * Waits as `until` does, then acts in a transaction that holds the deployment in the state it was read in. It looks once
   * more in there: a process that was frozen after its look must not act on what was true before.
   * @returns false when `timeoutMs` passed
   */
  async thenAct<T>({ id, state }: Deployment, timeoutMs: number, look: Look<T>, act: (manager: EntityManager, seen: T) => Promise<void>): Promise<boolean> {
    const acted = await this.wakeUps.until(id, timeoutMs, async () => {
      if ((await this.#seen(id, look)) === undefined) return undefined;
      return this.dataSource.transaction(async (manager) => {
        await this.mover.hold(manager, id, state);
        const seen = await look(manager);
        if (seen === undefined) return undefined;
        await act(manager, seen);
        return true;
      });
    });
    return acted ?? false;
  }

  async #seen<T>(deploymentId: string, look: Look<T>): Promise<T | undefined> {
    const seen = await look(this.dataSource.manager);
    if (seen !== undefined) return seen;
    const deployment = await this.dataSource.manager.findOneByOrFail(Deployment, { id: deploymentId });
    if (deployment.cancelRequestedAt) throw cancelled();
    return undefined;
  }
}
