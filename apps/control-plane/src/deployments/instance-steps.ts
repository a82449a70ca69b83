import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { ImagesService } from '../images/images.service.js';
import type { Instance } from '../instances/instance.entity.js';
import { InstancesService } from '../instances/instances.service.js';
import { NodesService } from '../nodes/nodes.service.js';
import type { Release } from '../releases/release.entity.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';
import { failureOf } from './instance-failure.js';
import { Journal } from './journal.js';
import { KeptInstances } from './kept-instances.js';
import { Waiting } from './waiting.js';

/** Time to pull an image and to start its containers; the agent keeps the shorter limits of the app itself. */
const longestStartMs = 15 * 60_000;
const longestReleaseProcessMs = 60 * 60_000;
/** After the platform's own start the agents need a moment to report. */
const longestNodeWaitMs = 30_000;

/** From a release to healthy instances: place, run the release process, start, check. */
@Injectable()
export class InstanceSteps {
  constructor(
    private readonly dataSource: DataSource,
    private readonly releases: ReleasesService,
    private readonly images: ImagesService,
    private readonly instances: InstancesService,
    private readonly kept: KeptInstances,
    private readonly nodes: NodesService,
    private readonly mover: DeploymentMover,
    private readonly journal: Journal,
    private readonly waiting: Waiting,
  ) {}

  async place(deployment: Deployment): Promise<void> {
    const release = await this.#release(this.dataSource.manager, deployment);
    const { manifest } = await this.images.find(this.dataSource.manager, release.imageId);
    if (Object.keys(manifest.processes).length === 0) {
      throw new AppError('no_web_process', { detail: 'The image has no process to run. Add a Procfile with a line such as "web: node server.js".' });
    }
    if (deployment.reason === 'push' && manifest.processes['release']) await this.#runReleaseProcess(deployment, release);
    await this.#onceSomeNodeAnswers(deployment, async (manager) => {
      await this.mover.move(manager, deployment.id, 'placing', 'starting');
      const kept = await this.kept.of(manager, release, deployment.id);
      await this.#want(manager, deployment.id, release, Object.entries(release.formation), false, kept);
    });
  }

  async start(deployment: Deployment): Promise<void> {
    await this.#onceAll(deployment, isStarted, (manager) => this.mover.move(manager, deployment.id, 'starting', 'checking'));
  }

  async check(deployment: Deployment): Promise<void> {
    await this.#onceAll(deployment, (instance) => instance.observed === 'healthy', async (manager) => {
      await this.mover.move(manager, deployment.id, 'checking', 'switching');
      await this.instances.serve(manager, deployment.environmentId, await this.#webIds(manager, deployment));
    });
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

  /** The instances that take requests once the deployment has switched. */
  async #webIds(manager: EntityManager, deployment: Deployment): Promise<string[]> {
    const own = await this.instances.ofDeployment(manager, deployment.id);
    const kept = await this.kept.of(manager, await this.#release(manager, deployment), deployment.id);
    return [...own, ...kept].filter(isWeb).map((instance) => instance.id);
  }

  /** Where none does for long, whoever places says so. */
  async #onceSomeNodeAnswers(deployment: Deployment, act: (manager: EntityManager) => Promise<void>): Promise<void> {
    if (await this.waiting.thenAct(deployment, longestNodeWaitMs, (manager) => this.#someNodeAnswers(manager), act)) return;
    await this.dataSource.transaction(async (manager) => {
      await this.mover.hold(manager, deployment.id, 'placing');
      await act(manager);
    });
  }

  async #someNodeAnswers(manager: EntityManager): Promise<true | undefined> {
    return (await this.nodes.someOnline(manager, 'instances')) ? true : undefined;
  }

  /** The release process runs once, on the new image, before anything of the release is started. */
  async #runReleaseProcess(deployment: Deployment, release: Release): Promise<void> {
    await this.#onceSomeNodeAnswers(deployment, (manager) => this.#want(manager, deployment.id, release, [['release', 1]], true));
    const ended = await this.waiting.until(deployment.id, longestReleaseProcessMs, async (manager) => {
      const own = await this.instances.ofDeployment(manager, deployment.id);
      return own.find((instance) => instance.runsOnce && (instance.observed === 'exited' || instance.observed === 'failed' || instance.observed === 'gone'));
    });
    if (!ended) throw new AppError('release_process_failed', { detail: 'The release process did not end within an hour.' });
    if (ended.failure || ended.exitCode !== 0) throw failureOf(ended);
    await this.dataSource.transaction(async (manager) => {
      await this.mover.hold(manager, deployment.id, 'placing');
      await this.instances.stop(manager, [ended]);
    });
  }

  async #want(manager: EntityManager, deploymentId: string, release: Release, processes: readonly [string, number][], runsOnce: boolean, kept: readonly Instance[] = []): Promise<void> {
    const image = await this.images.find(manager, release.imageId);
    for (const [processType, count] of processes) {
      if (count === 0) await this.journal.step(manager, deploymentId, 'process.idle', `${processType} has no instance; "molo scale ${processType}=1" starts one`);
      const placed = await this.instances.want(manager, deploymentId, release, image, { processType, count, runsOnce, kept });
      for (const { name, placement } of placed) {
        await this.journal.step(manager, deploymentId, 'instance.placed', `${name} on ${placement.node}: ${placement.reason}`, { name, node: placement.node });
      }
    }
  }

  /** Acts once all of the deployment's own instances are as wanted, by what their nodes say now. */
  async #onceAll(deployment: Deployment, isThere: (instance: Instance) => boolean, act: (manager: EntityManager) => Promise<void>): Promise<void> {
    const look = async (manager: EntityManager) => {
      const own = (await this.instances.ofDeployment(manager, deployment.id)).filter((instance) => !instance.runsOnce);
      const failed = own.find((instance) => instance.observed === 'failed' || (instance.failure !== null && !instance.wasHealthy && instance.observed !== 'healthy'));
      if (failed) throw failureOf(failed);
      return own.every(isThere) && (await this.nodes.areOnline(manager, own.map((instance) => instance.nodeId))) ? true : undefined;
    };
    if (!(await this.waiting.thenAct(deployment, longestStartMs, look, act))) throw new AppError('deployment_timed_out', { detail: 'Its instances did not come up in time. See "molo nodes": does the agent answer?' });
  }

  async #release(manager: EntityManager, deployment: Deployment): Promise<Release> {
    if (!deployment.releaseId) throw new AppError('internal', { detail: `Deployment ${deployment.id} has no release.` });
    return this.releases.find(manager, deployment.releaseId);
  }
}

function isStarted(instance: Instance): boolean {
  return instance.containerId !== null && instance.observed !== 'pulling';
}

export function isWeb(instance: Instance): boolean {
  return instance.processType === 'web' && !instance.runsOnce && instance.goneAt === null;
}
