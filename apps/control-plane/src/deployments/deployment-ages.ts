import { Injectable } from '@nestjs/common';
import type { Deployment } from './deployment.entity.js';

/** How long ago deployments began, those that waited for approval since they have it, also where the clock was set while this process carried them on. */
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

  of({ id, createdAt, approvedAt }: Pick<Deployment, 'id' | 'createdAt' | 'approvedAt'>): number {
    const { at, sinceStart } = this.#takenUp.get(id) ?? { at: Date.now(), sinceStart: performance.now() };
    return Math.round(Math.max(0, at - (approvedAt ?? createdAt).getTime()) + performance.now() - sinceStart);
  }
}
