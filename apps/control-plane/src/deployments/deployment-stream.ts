import { Injectable } from '@nestjs/common';
import { type DeploymentEvent, isFinal } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { Sleepers } from '../database/sleepers.js';
import { Deployment } from './deployment.entity.js';
import { Journal } from './journal.js';

const pageSize = 500;
const recheckMs = 2000;

/** One stream of a deployment's journal and log, for the pusher's terminal, the browser and the CLI alike. */
@Injectable()
export class DeploymentStream {
  readonly #followers: Sleepers;

  constructor(
    private readonly dataSource: DataSource,
    private readonly journal: Journal,
    notifications: Notifications,
  ) {
    this.#followers = new Sleepers(notifications, 'deployment_event');
  }

  /** Events after `afterSeq`, stored ones first, then as they come; ends with the deployment or with `signal`. */
  async *follow(deploymentId: string, afterSeq: number, signal?: AbortSignal): AsyncGenerator<DeploymentEvent> {
    using follower = this.#followers.add(deploymentId);
    const rouse = () => follower.rouse();
    signal?.addEventListener('abort', rouse);
    try {
      let seen = afterSeq;
      while (!signal?.aborted) {
        const over = await this.#isOver(deploymentId);
        let page: DeploymentEvent[];
        do {
          page = await this.journal.read(this.dataSource.manager, deploymentId, seen, pageSize);
          for (const event of page) {
            seen = event.seq;
            yield event;
          }
        } while (page.length === pageSize && !signal?.aborted);
        if (over) return;
        await follower.sleep(recheckMs);
      }
    } finally {
      signal?.removeEventListener('abort', rouse);
    }
  }

  /** Read before the events: whatever is written with or before the final state is then among them. */
  async #isOver(deploymentId: string): Promise<boolean> {
    const deployment = await this.dataSource.manager.findOneBy(Deployment, { id: deploymentId });
    return deployment === null || isFinal(deployment.state);
  }
}
