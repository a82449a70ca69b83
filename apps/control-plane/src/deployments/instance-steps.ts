import { Injectable } from '@nestjs/common';
import { AppError, type ReleaseReason } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Patience } from '../database/wake-ups.js';
import type { Image } from '../images/image.entity.js';
import { ImagesService } from '../images/images.service.js';
import type { Instance } from '../instances/instance.entity.js';
import { InstancesService } from '../instances/instances.service.js';
import { isOnline, NodesService } from '../nodes/nodes.service.js';
import type { Release } from '../releases/release.entity.js';
import { ReleasesService } from '../releases/releases.service.js';
import { type Brought, builderGone, BuildSteps, longestBuildMs } from './build-steps.js';
import { Course, stepOf } from './course.js';
import { type Deployment, movedTo } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';
import { failureOf } from './instance-failure.js';
import { Journal, type NewDeploymentEvent } from './journal.js';
import { KeptInstances } from './kept-instances.js';
import type { Standing } from './turn.js';
import { type Look, Waiting } from './waiting.js';

/** Time to pull an image and to start its containers; the agent keeps the shorter limits of the app itself. */
const longestStartMs = 15 * 60_000;
const longestReleaseProcessMs = 60 * 60_000;
/** After the platform's own start the agents need a moment to report. */
const longestNodeWaitMs = 30_000;

/** Deployments that bring code which has not run here, so that its release process has not either. */
const codeBringers: readonly ReleaseReason[] = ['push', 'promotion'];

/** From a release to healthy instances: place, run the release process, start, check. */
@Injectable()
export class InstanceSteps {
  constructor(
    private readonly dataSource: DataSource,
    private readonly building: BuildSteps,
    private readonly releases: ReleasesService,
    private readonly images: ImagesService,
    private readonly instances: InstancesService,
    private readonly kept: KeptInstances,
    private readonly nodes: NodesService,
    private readonly mover: DeploymentMover,
    private readonly journal: Journal,
    private readonly waiting: Waiting,
  ) {}

  async place(deployment: Deployment): Promise<Deployment> {
    const release = await this.#release(this.dataSource.manager, deployment);
    const image = await this.images.find(this.dataSource.manager, release.imageId);
    if (codeBringers.includes(deployment.reason) && image.manifest.processes['release']) await this.#runReleaseProcess(deployment, release, image);
    return this.#onceSomeNodeAnswers(deployment, async (manager) => {
      const existing = await this.instances.ofDeployment(manager, deployment.id);
      await this.mover.follow(manager, deployment.id, await this.placeAll(manager, deployment, { release, image }, existing, Course.from('placing')));
      return movedTo(deployment, 'starting');
    });
  }

  /** Places all that the formation asks for and the deployment does not have: for the move with which they are to start. */
  async placeAll(manager: EntityManager, deployment: Deployment, { release, image }: Pick<Brought, 'release' | 'image'>, existing: readonly Instance[], course: Course<'placing'>): Promise<Course<'starting'>> {
    if (Object.keys(image.manifest.processes).length === 0) {
      throw new AppError('no_web_process', { detail: 'The image has no process to run. Add a Procfile with a line such as "web: node server.js".' });
    }
    const { id } = deployment;
    const kept = await this.kept.staying(manager, release, deployment);
    const told: NewDeploymentEvent[] = [];
    for (const [processType, count] of Object.entries(release.formation)) {
      if (count === 0) told.push(stepOf('process.idle', `${processType} has no instance; "molo scale ${processType}=1" starts one`));
      told.push(...toldOf(await this.instances.want(manager, id, release, image, existing, { processType, count, runsOnce: false, kept })));
    }
    return course.to('starting').tell(...told);
  }

  /** Where they are healthy by then, and the image is stored, they are checked, too. */
  async start({ deployment, hasJustBegun }: Standing): Promise<Deployment> {
    // Where nothing was placed, as by a scaling or a move, nobody has anything to report.
    const { formation } = await this.#release(this.dataSource.manager, deployment);
    const places = deployment.reason !== 'scale' && deployment.reason !== 'move' && Object.values(formation).some((count) => count > 0);
    const patience = { timeoutMs: longestStartMs, hasJustBegun: hasJustBegun && places };
    return this.#once(deployment, patience, (manager) => this.#all(manager, deployment.id, isStarted), async (manager, own) => {
      const checking = Course.from('starting').to('checking');
      if (own.every(isHealthy) && (await this.building.isStored(manager, deployment))) return this.#serve(manager, deployment, own, checking);
      await this.mover.follow(manager, deployment.id, checking);
      return movedTo(deployment, 'checking');
    });
  }

  async check(deployment: Deployment): Promise<Deployment> {
    await this.#untilStored(deployment);
    return this.#once(deployment, { timeoutMs: longestStartMs }, (manager) => this.#all(manager, deployment.id, isHealthy), (manager, own) => this.#serve(manager, deployment, own, Course.from('checking')));
  }

  /** The image may still be on its way to the registry. Why it will never be there is told before what becomes of the instances, and what has failed of these is not waited for. */
  async #untilStored(deployment: Deployment): Promise<void> {
    const look = async (manager: EntityManager) => {
      if (await this.building.isStored(manager, deployment)) return true;
      await this.#all(manager, deployment.id, isHealthy);
      return undefined;
    };
    const isStored = await this.waiting.until(deployment.id, { timeoutMs: longestBuildMs }, this.waiting.unlessCancelled(deployment.id, look));
    if (!isStored) throw builderGone();
  }

  async stopOwn(manager: EntityManager, deploymentId: string): Promise<void> {
    await this.instances.stop(manager, await this.#left(manager, deploymentId));
  }

  async drainOwn(manager: EntityManager, deploymentId: string): Promise<void> {
    await this.instances.drain(manager, await this.#left(manager, deploymentId));
  }

  async #left(manager: EntityManager, deploymentId: string): Promise<Instance[]> {
    return (await this.instances.ofDeployment(manager, deploymentId)).filter((instance) => !instance.goneAt);
  }

  /** All are healthy: new requests go to those that take any. */
  async #serve(manager: EntityManager, deployment: Deployment, own: readonly Instance[], course: Course<'checking'>): Promise<Deployment> {
    await this.mover.follow(manager, deployment.id, course.to('switching'));
    const kept = await this.kept.of(manager, await this.#release(manager, deployment), deployment);
    await this.instances.serve(manager, deployment.environmentId, [...own, ...kept].filter(isWeb).map(({ id }) => id));
    return movedTo(deployment, 'switching');
  }

  /** Where none does for long, whoever places says so. */
  async #onceSomeNodeAnswers<Done>(deployment: Deployment, act: (manager: EntityManager) => Promise<Done>): Promise<Done> {
    const look = this.waiting.unlessCancelled(deployment.id, (manager) => this.#someNodeAnswers(manager));
    const acted = await this.waiting.thenAct(deployment, { timeoutMs: longestNodeWaitMs }, look, async (manager) => ({ done: await act(manager) }));
    if (acted) return acted.done;
    return this.dataSource.transaction(async (manager) => {
      await this.mover.hold(manager, deployment.id, 'placing');
      return act(manager);
    });
  }

  async #someNodeAnswers(manager: EntityManager): Promise<true | undefined> {
    return (await this.nodes.someOnline(manager, 'instances')) ? true : undefined;
  }

  /** The release process runs once, on the new image, before anything of the release is started. */
  async #runReleaseProcess(deployment: Deployment, release: Release, image: Image): Promise<void> {
    const { id } = deployment;
    await this.#onceSomeNodeAnswers(deployment, async (manager) => {
      const existing = await this.instances.ofDeployment(manager, id);
      const placed = await this.instances.want(manager, id, release, image, existing, { processType: 'release', count: 1, runsOnce: true, kept: [] });
      await this.journal.appendAll(manager, id, toldOf(placed));
    });
    const look = async (manager: EntityManager) => {
      const own = await this.instances.ofDeployment(manager, id);
      return own.find((instance) => instance.runsOnce && (instance.observed === 'exited' || instance.observed === 'failed' || instance.observed === 'gone'));
    };
    const ended = await this.waiting.until(id, { timeoutMs: longestReleaseProcessMs }, this.waiting.unlessCancelled(id, look));
    if (!ended) throw new AppError('release_process_failed', { detail: 'The release process did not end within an hour.' });
    if (ended.failure || ended.exitCode !== 0) throw failureOf(ended);
    await this.dataSource.transaction(async (manager) => {
      await this.mover.hold(manager, id, 'placing');
      await this.instances.stop(manager, [ended]);
    });
  }

  /** Acts once `look` sees the deployment's own instances as wanted. */
  async #once(deployment: Deployment, patience: Patience, look: Look<readonly Instance[]>, act: (manager: EntityManager, own: readonly Instance[]) => Promise<Deployment>): Promise<Deployment> {
    const moved = await this.waiting.thenAct(deployment, patience, this.waiting.unlessCancelled(deployment.id, look), act);
    if (!moved) throw new AppError('deployment_timed_out', { detail: 'Its instances did not come up in time. See "molo nodes": does the agent answer?' });
    return moved;
  }

  /** The deployment's own instances, once all of them are as wanted by what their nodes say now. */
  async #all(manager: EntityManager, deploymentId: string, isThere: (instance: Instance) => boolean): Promise<readonly Instance[] | undefined> {
    const own = (await this.instances.withNodes(manager, deploymentId)).filter((instance) => !instance.runsOnce);
    const failed = own.find((instance) => instance.observed === 'failed' || (instance.failure !== null && !instance.wasHealthy && instance.observed !== 'healthy'));
    if (failed) throw failureOf(failed);
    return own.every((instance) => isThere(instance) && isOnline(instance)) ? own : undefined;
  }

  async #release(manager: EntityManager, deployment: Deployment): Promise<Release> {
    if (!deployment.releaseId) throw new AppError('internal', { detail: `Deployment ${deployment.id} has no release.` });
    return this.releases.find(manager, deployment.releaseId);
  }
}

function isStarted(instance: Instance): boolean {
  return instance.containerId !== null && instance.observed !== 'pulling';
}

function isHealthy(instance: Instance): boolean {
  return instance.observed === 'healthy';
}

function toldOf(placed: Awaited<ReturnType<InstancesService['want']>>): NewDeploymentEvent[] {
  return placed.map(({ name, placement: { node, reason } }) => stepOf('instance.placed', `${name} on ${node}: ${reason}`, { name, node }));
}

export function isWeb(instance: Instance): boolean {
  return instance.processType === 'web' && !instance.runsOnce && instance.goneAt === null;
}
