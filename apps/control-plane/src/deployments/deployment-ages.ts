import { Injectable } from '@nestjs/common';
import type { Deployment } from './deployment.entity.js';

/** How long ago deployments began, also where the clock was set while this process carried them on. */
@Injectable()
export class DeploymentAges {
  /** When this process took them up, by the time of day and by time that only passes. */
  readonly #takenUp = new Map<string, { readonly at: number; readonly sinceStart: number }>();

  takeUp(id: string): void {
    if (!this.#takenUp.has(id)) this.#takenUp.set(id, { at: Date.now(), sinceStart: performance.now() });
  }

  leave(id: string): void {
    this.#takenUp.delete(id);
  }

  of({ id, createdAt }: Pick<Deployment, 'id' | 'createdAt'>): number {
    const { at, sinceStart } = this.#takenUp.get(id) ?? { at: Date.now(), sinceStart: performance.now() };
    return Math.round(Math.max(0, at - createdAt.getTime()) + performance.now() - sinceStart);
  }
}
