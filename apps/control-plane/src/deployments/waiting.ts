import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type Patience, WakeUps } from '../database/wake-ups.js';
import { cancelled, DeploymentMover } from './deployment-mover.js';
import { Deployment } from './deployment.entity.js';

/** Sees what is waited for, or undefined. */
export type Look<T> = (manager: EntityManager) => Promise<T | undefined>;

/** Waiting within a deployment: woken by reports, and ended by whoever cancels it. */
@Injectable()
export class Waiting {
  constructor(
    private readonly dataSource: DataSource,
    private readonly wakeUps: WakeUps,
    private readonly mover: DeploymentMover,
  ) {}

  /** Looks until there is something; undefined after `timeoutMs`. */
  async until<T>(deploymentId: string, patience: Patience, look: Look<T>): Promise<T | undefined> {
    return this.wakeUps.until(deploymentId, patience, () => look(this.dataSource.manager));
  }

  /**
   * Waits as `until` does, then acts in a transaction that holds the deployment in the state it was read in. It looks once
   * more in there: a process that was frozen after its look must not act on what was true before.
   * @returns what `act` does; undefined when `timeoutMs` passed
   */
  async thenAct<T, Done>({ id, state }: Deployment, patience: Patience, look: Look<T>, act: (manager: EntityManager, seen: T) => Promise<Done>): Promise<Done | undefined> {
    const acted = await this.wakeUps.until(id, patience, async () => {
      if ((await look(this.dataSource.manager)) === undefined) return undefined;
      return this.dataSource.transaction(async (manager) => {
        const seen = await this.#heldAndSeen(manager, id, state, look);
        return seen === undefined ? undefined : { done: await act(manager, seen) };
      });
    });
    return acted?.done;
  }

  /** Of a look that finds nothing: whether that is because somebody cancels what is waited for. Throws `deployment_cancelled`. */
  unlessCancelled<T>(deploymentId: string, look: Look<T>): Look<T> {
    return async (manager) => {
      const seen = await look(manager);
      if (seen !== undefined) return seen;
      const [asked]: unknown[] = await manager.query('select 1 from deployments where id = $1 and cancel_requested_at is not null', [deploymentId]);
      if (asked) throw cancelled();
      return undefined;
    };
  }

  /** Both go out at once, and PostgreSQL does the second when it has the first: what is seen is what was true once the row was held. */
  async #heldAndSeen<T>(manager: EntityManager, id: string, state: Deployment['state'], look: Look<T>): Promise<T | undefined> {
    const holding = this.mover.hold(manager, id, state);
    const looking = look(manager);
    looking.catch(() => undefined);
    await holding;
    return looking;
  }
}
