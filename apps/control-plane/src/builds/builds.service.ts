import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type BuildReport, type BuildState, type Failure, cancelBuild, runBuild } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { WakeUps } from '../database/wake-ups.js';
import { Journal } from '../deployments/journal.js';
import { ImagesService } from '../images/images.service.js';
import { NodesService } from '../nodes/nodes.service.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { Build } from './build.entity.js';
import { buildTransitions } from './transitions.js';

export interface NewBuild {
  readonly appId: string;
  readonly commitId: string;
  readonly treeId: string;
  readonly sourceDigest: string;
  readonly sourceBytes: number;
}

@Injectable()
export class BuildsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: OutboxService,
    private readonly nodes: NodesService,
    private readonly images: ImagesService,
    private readonly journal: Journal,
    private readonly wakeUps: WakeUps,
  ) {}

  async create(manager: EntityManager, build: NewBuild): Promise<string> {
    const id = randomUUID();
    await manager.insert(Build, { ...build, id, sourceBytes: String(build.sourceBytes), state: 'queued', reused: false });
    return id;
  }

  async find(id: string): Promise<Build> {
    const build = await this.dataSource.manager.findOneBy(Build, { id });
    if (!build) throw new AppError('not_found', { detail: `There is no build ${id}.` });
    return build;
  }

  /**
   * Has the build done: takes the image of an earlier build of the same tree, or gives the work to a builder.
   * Called again for a build under way it queues the job again, which is the same job.
   */
  async begin(id: string, deploymentId: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const build = await manager.findOneOrFail(Build, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (isOver(build.state)) return;
      const image = build.state === 'queued' ? await this.images.ofTree(manager, build.appId, build.treeId) : null;
      if (image) {
        await manager.update(Build, { id }, { reused: true });
        await this.move(manager, build, deploymentId, 'succeeded', { imageId: image.id });
        return;
      }
      const nodeId = build.nodeId ?? (await this.nodes.builder(manager)).id;
      await manager.update(Build, { id }, { nodeId });
      await this.outbox.add(manager, runBuild, { nodeId, buildId: id });
    });
  }

  /** Takes what a builder says. Said twice it is taken once; said by a builder that was given up it changes nothing. */
  async report(id: string, nodeId: string, report: BuildReport): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const build = await manager.findOne(Build, { where: { id, nodeId }, lock: { mode: 'pessimistic_write' } });
      if (!build) throw new AppError('not_found', { detail: `This node has no build ${id}.` });
      if (!(buildTransitions[build.state] as readonly BuildState[]).includes(report.state)) return;
      const deploymentId = await this.#deploymentOf(manager, id);
      const image = report.state === 'succeeded' ? await this.images.keep(manager, build.appId, build.treeId, report.image) : null;
      await this.move(manager, build, deploymentId, report.state, {
        ...(image ? { imageId: image.id } : {}),
        ...(report.state === 'failed' ? { failure: report.failure } : {}),
      });
    });
  }

  async cancel(manager: EntityManager, id: string, deploymentId: string): Promise<void> {
    const build = await manager.findOneOrFail(Build, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (isOver(build.state)) return;
    if (build.nodeId) await this.outbox.add(manager, cancelBuild, { nodeId: build.nodeId, buildId: id });
    await this.move(manager, build, deploymentId, 'cancelled', {});
  }

  /** The row is locked by the caller, so the state it read is the state that is left. */
  private async move(manager: EntityManager, build: Build, deploymentId: string, state: BuildState, facts: { imageId?: string; failure?: Failure }): Promise<void> {
    const now = new Date();
    await manager.update(Build, { id: build.id, state: build.state }, {
      state,
      ...facts,
      ...(state === 'building' ? { startedAt: now } : {}),
      ...(isOver(state) ? { finishedAt: now } : {}),
    });
    await this.journal.append(manager, deploymentId, { kind: 'build', state, failure: facts.failure ?? null });
    await this.wakeUps.wake(manager, deploymentId);
  }

  async #deploymentOf(manager: EntityManager, buildId: string): Promise<string> {
    const [row]: { id: string }[] = await manager.query('select id from deployments where build_id = $1', [buildId]);
    if (!row) throw new AppError('internal', { detail: `Build ${buildId} belongs to no deployment.` });
    return row.id;
  }
}

function isOver(state: BuildState): boolean {
  return buildTransitions[state].length === 0;
}
