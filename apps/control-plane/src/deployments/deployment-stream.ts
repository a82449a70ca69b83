import { Injectable } from '@nestjs/common';
import { type DeploymentEvent, isFinal } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Notifications } from '../database/notifications.js';
import { Deployment } from './deployment.entity.js';
import { Journal } from './journal.js';

const pageSize = 500;
/** A lost notification costs a follower at most this long. */
const recheckMs = 2000;

/** One stream of a deployment's journal and log, for the pusher's terminal, the browser and the CLI alike. */
@Injectable()
export class DeploymentStream {
  readonly #followers = new Map<string, Set<() => void>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly journal: Journal,
    notifications: Notifications,
  ) {
    notifications.listen('deployment_event', (deploymentId) => this.#rouse(deploymentId));
  }

  /** Events after `afterSeq`, stored ones first, then as they come; ends with the deployment or with `signal`. */
  async *follow(deploymentId: string, afterSeq: number, signal?: AbortSignal): AsyncGenerator<DeploymentEvent> {
    let seen = afterSeq;
    let fresh = true;
    let rouse: (() => void) | null = null;
    const follower = () => {
      fresh = true;
      rouse?.();
    };
    this.#add(deploymentId, follower);
    signal?.addEventListener('abort', follower);
    try {
      while (!signal?.aborted) {
        fresh = false;
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
        if (!fresh && !signal?.aborted) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, recheckMs);
            rouse = () => {
              clearTimeout(timer);
              resolve();
            };
          });
          rouse = null;
        }
      }
    } finally {
      signal?.removeEventListener('abort', follower);
      this.#remove(deploymentId, follower);
    }
  }

  /** Read before the events: whatever is written with or before the final state is then among them. */
  async #isOver(deploymentId: string): Promise<boolean> {
    const deployment = await this.dataSource.manager.findOneBy(Deployment, { id: deploymentId });
    return deployment === null || isFinal(deployment.state);
  }

  #add(deploymentId: string, follower: () => void): void {
    this.#followers.set(deploymentId, (this.#followers.get(deploymentId) ?? new Set()).add(follower));
  }

  #remove(deploymentId: string, follower: () => void): void {
    const followers = this.#followers.get(deploymentId);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(deploymentId);
  }

  #rouse(deploymentId: string | null): void {
    const roused = deploymentId === null ? [...this.#followers.values()] : [this.#followers.get(deploymentId) ?? new Set<() => void>()];
    for (const followers of roused) for (const follower of followers) follower();
  }
}
