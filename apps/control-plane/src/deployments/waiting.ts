import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { send } from '../database/gathering.js';
import { SetStatement } from '../database/set-statement.js';
import { SharedTransactions } from '../database/shared-transactions.js';
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
    private readonly transactions: SharedTransactions,
    private readonly wakeUps: WakeUps,
    private readonly mover: DeploymentMover,
  ) {}

  /** Looks until there is something; undefined after `timeoutMs`. */
  async until<T>(deploymentId: string, patience: Patience, look: Look<T>): Promise<T | undefined> {
    return this.wakeUps.until(deploymentId, patience, () => look(this.dataSource.manager));
  }

  /**
   * Waits as `until` does, then acts in a transaction that holds the deployment in the state it was read in, and that it shares
   * with others that wait to leave the same state. It looks once more in there: a process that was frozen after its look must
   * not act on what was true before.
   * @returns what `act` does; undefined when `timeoutMs` passed
   */
  async thenAct<T, Done>({ id, environmentId, state }: Deployment, patience: Patience, look: Look<T>, act: (manager: EntityManager, seen: T) => Promise<Done>): Promise<Done | undefined> {
    const acted = await this.wakeUps.until(id, patience, async () => {
      if ((await look(this.dataSource.manager)) === undefined) return undefined;
      return this.transactions.run(state, environmentId, async (manager) => {
        await this.mover.hold(manager, id, state);
        const seen = await look(manager);
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
      const [asked] = await send(manager, findCancellation, { deploymentId });
      if (asked) throw cancelled();
      return undefined;
    };
  }
}

const findCancellation = new SetStatement<{ readonly deploymentId: string }, object>({ deploymentId: 'uuid' }, 'select n from given join deployments d on d.id = "deploymentId" where d.cancel_requested_at is not null');
