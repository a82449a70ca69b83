import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Deployment, type DeploymentEvent, type DeploymentState, type Failure, isFinal, type Receipt } from '@molo/contracts';
import type { BuiltPush, Push } from '../deployments/deployments.service.js';
import { Repositories } from './repositories.js';

type NewEvent<Event = DeploymentEvent> = Event extends DeploymentEvent ? Omit<Event, 'seq' | 'at'> : never;

export const receipt: Receipt = { requests: 312, failed: 0, connectionsDropped: 0, slowestMs: 12.4, durationMs: 1840, layersMoved: 1, bytesMoved: 14_210 };

export class DeploymentDouble {
  readonly id = randomUUID();
  readonly events: DeploymentEvent[] = [];
  state: DeploymentState = 'queued';
  failure: Failure | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly push: Push,
    readonly number: number,
    private readonly repositories: Repositories,
  ) {}

  add(event: NewEvent): void {
    this.events.push({ ...event, seq: this.events.length + 1, at: new Date().toISOString() });
    if (event.kind === 'state') Object.assign(this, { state: event.state, failure: event.failure });
    for (const wake of this.#waiting) wake();
  }

  log(text: string, source = 'build'): void {
    this.add({ kind: 'log', source, text });
  }

  fail(failure: Failure): void {
    this.add({ kind: 'state', state: 'failed', failure });
  }

  /** As core does it: the ref moves before anyone sees the release live. */
  async goLive(): Promise<void> {
    const { push } = this;
    this.add({ kind: 'step', step: 'release.created', text: `Release v${this.number}` });
    for (const state of ['placing', 'starting', 'checking', 'switching', 'draining'] as const) this.add({ kind: 'state', state, failure: null });
    await this.repositories.moveRef(push.appId.replace('id-of-', ''), push.gitRef, push.gitNew, push.gitOld);
    this.add({ kind: 'receipt', receipt });
    this.add({ kind: 'state', state: 'live', failure: null });
  }

  async *follow(afterSeq: number, signal?: AbortSignal): AsyncGenerator<DeploymentEvent> {
    for (let seen = afterSeq; !signal?.aborted; ) {
      const event = this.events[seen];
      if (event) {
        seen += 1;
        yield event;
      } else if (isFinal(this.state)) return;
      else await this.#next(signal);
    }
  }

  #next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

/** Stands for core's deployments: tests say what becomes of each. */
@Injectable()
export class DeploymentsDouble {
  readonly all: DeploymentDouble[] = [];
  /** What becomes of a deployment; to go live at once unless a test says otherwise. */
  play: (deployment: DeploymentDouble) => void | Promise<void> = (deployment) => deployment.goLive();

  /** Trees of which there is an image. */
  readonly builtTrees = new Set<string>();

  constructor(private readonly repositories: Repositories) {}

  get last(): DeploymentDouble {
    const last = this.all.at(-1);
    if (!last) throw new Error('nothing was deployed');
    return last;
  }

  push(push: Push): Promise<{ deploymentId: string }> {
    const deployment = new DeploymentDouble(push, this.all.length + 1, this.repositories);
    this.all.push(deployment);
    void this.play(deployment);
    return Promise.resolve({ deploymentId: deployment.id });
  }

  pushBuilt(push: BuiltPush): Promise<{ deploymentId: string } | null> {
    return this.builtTrees.has(push.treeId) ? this.push({ ...push, sourceDigest: '', sourceBytes: 0 }) : Promise.resolve(null);
  }

  follow(deploymentId: string, afterSeq: number, signal?: AbortSignal): AsyncGenerator<DeploymentEvent> {
    return this.#find(deploymentId).follow(afterSeq, signal);
  }

  view(deploymentId: string): Promise<Pick<Deployment, 'state' | 'failure' | 'release' | 'receipt'>> {
    const { state, failure, number, push } = this.#find(deploymentId);
    return Promise.resolve({ state, failure, release: { number, version: push.versionTag }, receipt: state === 'live' ? receipt : null });
  }

  #find(deploymentId: string): DeploymentDouble {
    const found = this.all.find(({ id }) => id === deploymentId);
    if (!found) throw new AppError('not_found', { detail: 'There is no such deployment.' });
    return found;
  }
}
