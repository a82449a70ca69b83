import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type BuildReport, type BuildState, type Failure, type MadeImage, cancelBuild, runBuild } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { WakeUps } from '../database/wake-ups.js';
import { Journal } from '../deployments/journal.js';
import type { Image } from '../images/image.entity.js';
import { ImagesService } from '../images/images.service.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { NodesService } from '../nodes/nodes.service.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { Build } from './build.entity.js';
import { buildTransitions } from './transitions.js';

/** Where a tree lies in the registry. */
export interface Source {
  readonly sourceDigest: string | null;
  readonly sourceBytes: number | null;
}

/** For a build that takes the image of an earlier one. */
export const noSource: Source = { sourceDigest: null, sourceBytes: null };

export interface NewBuild extends Source {
  readonly appId: string;
  readonly commitId: string;
  readonly treeId: string;
}

/** What is written with a move of a build. */
interface BuildFacts {
  readonly imageId?: string;
  readonly reused?: boolean;
  readonly failure?: Failure;
}

@Injectable()
export class BuildsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: OutboxService,
    private readonly nodes: NodesService,
    private readonly images: ImagesService,
    private readonly desired: DesiredChanges,
    private readonly journal: Journal,
    private readonly wakeUps: WakeUps,
  ) {}

  async create(manager: EntityManager, { sourceBytes, ...build }: NewBuild): Promise<string> {
    const id = randomUUID();
    await manager.insert(Build, { ...build, id, sourceBytes: sourceBytes === null ? null : String(sourceBytes), state: 'queued', reused: false });
    return id;
  }

  /** Ends a build that was only just created with the image of an earlier one of the same tree. */
  async take(manager: EntityManager, id: string, deploymentId: string, image: Image): Promise<void> {
    await this.#move(manager, await this.#hold(manager, id), deploymentId, 'succeeded', { imageId: image.id, reused: true });
  }

  async find(id: string, manager: EntityManager = this.dataSource.manager): Promise<Build> {
    const build = await manager.findOneBy(Build, { id });
    if (!build) throw noBuild(id);
    return build;
  }

  /**
   * Has the build done: takes the image of an earlier build of the same tree, or gives the work to a builder.
   * Called again for a build under way it queues the job again, which is the same job.
   */
  async begin(id: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const deploymentId = await this.#holdDeployment(manager, id);
      const build = await this.#hold(manager, id);
      if (isOver(build.state)) return;
      const image = build.state === 'queued' ? await this.images.ofTree(manager, build.appId, build.treeId) : null;
      if (image) {
        await this.#move(manager, build, deploymentId, 'succeeded', { imageId: image.id, reused: true });
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
      const deploymentId = await this.#holdDeployment(manager, id);
      const build = await this.#hold(manager, id);
      if (build.nodeId !== nodeId) throw noBuild(id);
      if (!(buildTransitions[build.state] as readonly BuildState[]).includes(report.state)) return;
      const { state, ...facts } = await this.#outcome(manager, build, report);
      await this.#move(manager, build, deploymentId, state, facts);
      // What was started from it is told where to fetch it from, should the node lose it.
      if (state === 'succeeded' && build.imageId) await this.desired.instancesOf(manager, deploymentId);
    });
  }

  /** Where a report brings a build, with what it tells of written down. */
  async #outcome(manager: EntityManager, build: Build, report: BuildReport): Promise<BuildFacts & { state: BuildState }> {
    const { appId, treeId } = build;
    const { state } = report;
    if (state === 'failed') return { state, failure: report.failure };
    if (state === 'succeeded') {
      const imageId = await this.images.keep(manager, appId, treeId, report.image, build.imageId);
      return imageId ? { state, imageId } : { state: 'failed', failure: anotherImage().toFailure() };
    }
    if (state !== 'pushing' || !report.image || !(await this.#startsWhereMade(manager, build, report.image))) return { state };
    return { state, imageId: await this.images.noteMade(manager, appId, treeId, report.image) };
  }

  /** On other nodes it would have to be fetched first; and what a release process does is not undone when the image can't be stored. */
  async #startsWhereMade(manager: EntityManager, { nodeId }: Build, { manifest }: MadeImage): Promise<boolean> {
    if (manifest.processes['release']) return false;
    return (await this.nodes.idsInRole(manager, 'instances')).every((id) => id === nodeId);
  }

  /** The deployment's row is locked by the caller. */
  async cancel(manager: EntityManager, id: string, deploymentId: string): Promise<void> {
    const build = await this.#hold(manager, id);
    if (isOver(build.state)) return;
    if (build.nodeId) await this.outbox.add(manager, cancelBuild, { nodeId: build.nodeId, buildId: id });
    await this.#move(manager, build, deploymentId, 'cancelled', {});
  }

  /** The row is locked by the caller, so the state it read is the state that is left. */
  async #move(manager: EntityManager, build: Build, deploymentId: string, state: BuildState, facts: BuildFacts): Promise<void> {
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

  async #hold(manager: EntityManager, id: string): Promise<Build> {
    return manager.findOneOrFail(Build, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  /** Whoever cancels locks the deployment, then its build: in this order everywhere, so that nobody waits for each other. */
  async #holdDeployment(manager: EntityManager, buildId: string): Promise<string> {
    const [row]: { id: string }[] = await manager.query('select id from deployments where build_id = $1 for no key update', [buildId]);
    if (!row) throw noBuild(buildId);
    return row.id;
  }
}

function anotherImage(): AppError {
  return new AppError('build_interrupted', { detail: 'The builder was interrupted while it stored the image, and what it built then is another one than what was started. Push again.' });
}

function noBuild(id: string): AppError {
  return new AppError('not_found', { detail: `There is no build ${id} here.` });
}

function isOver(state: BuildState): boolean {
  return buildTransitions[state].length === 0;
}
