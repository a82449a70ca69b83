import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Build } from '../builds/build.entity.js';
import { BuildsService } from '../builds/builds.service.js';
import { Repositories } from '../git/repositories.js';
import { ImagesService } from '../images/images.service.js';
import type { Release } from '../releases/release.entity.js';
import { type Origin, type ReleasedImage, ReleasesService } from '../releases/releases.service.js';
import { Course, stepOf } from './course.js';
import { type Deployment, movedTo } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';
import type { NewDeploymentEvent } from './journal.js';
import { waitingState } from './transitions.js';
import { Waiting } from './waiting.js';

/** A builder ends a build at its own limit; this one is for a builder that is gone. */
export const longestBuildMs = 2 * 3600_000;

/** A release, what it is made of, and what the journal tells of it. */
export interface Brought {
  readonly release: Release;
  readonly image: ReleasedImage;
  readonly told: readonly NewDeploymentEvent[];
}

/** From the turn to a release: build the image or take it, then write the release down, which need not wait until the image is stored. */
@Injectable()
export class BuildSteps {
  constructor(
    private readonly dataSource: DataSource,
    private readonly builds: BuildsService,
    private readonly images: ImagesService,
    private readonly releases: ReleasesService,
    private readonly mover: DeploymentMover,
    private readonly waiting: Waiting,
    private readonly repositories: Repositories,
  ) {}

  async build(deployment: Deployment): Promise<Deployment> {
    if (deployment.releaseId) return this.#bring(deployment);
    await this.#refuseOvertaken(deployment);
    if (deployment.buildId) await this.#image(deployment.id, deployment.buildId, ({ finishedAt, imageId }) => (finishedAt ?? imageId) !== null);
    return this.#bring(deployment);
  }

  /** Of one that was approved, and built before that. */
  async bring(deployment: Deployment): Promise<Deployment> {
    await this.#refuseOvertaken(deployment);
    return this.#bring(deployment);
  }

  /** Of one that is to be approved: nobody is asked about what cannot be built. */
  async buildUnapproved(deployment: Deployment): Promise<Deployment> {
    if (deployment.buildId) await this.#image(deployment.id, deployment.buildId, ({ finishedAt }) => finishedAt !== null);
    return this.dataSource.transaction(async (manager) => {
      const held = await this.mover.hold(manager, deployment.id, 'queued');
      await this.mover.move(manager, held.id, 'queued', 'awaiting_approval');
      return movedTo(held, 'awaiting_approval');
    });
  }

  async #bring(deployment: Deployment): Promise<Deployment> {
    const from = waitingState(deployment);
    return this.dataSource.transaction(async (manager) => {
      const held = await this.mover.hold(manager, deployment.id, from);
      const { release, told } = await this.release(manager, held);
      await this.mover.follow(manager, held.id, Course.from(from).tell(...told).to('placing'), { releaseId: release.id });
      return movedTo(held, 'placing', { releaseId: release.id });
    });
  }

  /** The release that a deployment brings: a new one, or the live one once more. The environment is the deployment's. */
  async release(manager: EntityManager, deployment: Deployment): Promise<Brought> {
    return deployment.reason === 'redeploy' || deployment.reason === 'move' ? this.#live(manager, deployment) : this.#create(manager, deployment);
  }

  /** Whether its image is in the registry: no release takes requests that no other node could fetch. Throws why it never will be. */
  async isStored(manager: EntityManager, { buildId }: Deployment): Promise<boolean> {
    if (!buildId) return true;
    const build = await this.builds.find(buildId, manager);
    if (!build.finishedAt) return false;
    if (build.state !== 'succeeded') throw failureOf(build);
    return true;
  }

  /** A deployment that ends takes its build with it. */
  async giveUp(manager: EntityManager, deployment: Deployment): Promise<void> {
    if (deployment.buildId) await this.builds.cancel(manager, deployment.buildId, deployment.id);
  }

  /** From its turn on no other moves its branch: what came in while it waited is not to be overwritten by who has not seen it. */
  async #refuseOvertaken({ environmentId, gitRef, gitOld, gitNew }: Deployment): Promise<void> {
    if (!gitRef || !gitOld || !gitNew) return;
    const [app]: { name: string }[] = await this.dataSource.query('select a.name from apps a join environments e on e.app_id = a.id where e.id = $1', [environmentId]);
    if (!app || !(await this.repositories.isOvertaken(app.name, { ref: gitRef, oldId: gitOld, newId: gitNew }))) return;
    throw new AppError('conflict', { detail: 'The branch moved while this waited. Fetch, look at what came in, and push again.' });
  }

  async #image(deploymentId: string, buildId: string, isThere: (build: Build) => boolean): Promise<void> {
    if (!(await this.builds.find(buildId)).finishedAt) await this.builds.begin(buildId);
    const look = async (manager: EntityManager) => {
      const seen = await this.builds.find(buildId, manager);
      return isThere(seen) ? seen : undefined;
    };
    const build = await this.waiting.until(deploymentId, { timeoutMs: longestBuildMs }, this.waiting.unlessCancelled(deploymentId, look));
    if (!build) throw builderGone();
    if (build.finishedAt && build.state !== 'succeeded') throw failureOf(build);
  }

  async #create(manager: EntityManager, deployment: Deployment): Promise<Brought> {
    const { image, version, commit } = await this.#origin(manager, deployment);
    const release = await this.releases.create(manager, {
      environmentId: deployment.environmentId,
      image,
      version,
      reason: deployment.reason,
      commit,
      createdBy: deployment.actor,
    });
    const named = release.version === null ? '' : `, version ${release.version}`;
    const text = `Release v${release.number}${named}${deployment.reason === 'promotion' ? await this.#promotedFrom(manager, deployment) : ''}`;
    return { release, image, told: [stepOf('release.created', text, { number: release.number, version: release.version, ...(image.stored ? { digest: image.digest } : {}) })] };
  }

  async #promotedFrom(manager: EntityManager, { sourceReleaseId }: Deployment): Promise<string> {
    const [source]: { environment: string; number: number }[] = await manager.query('select e.name as environment, r.number from releases r join environments e on e.id = r.environment_id where r.id = $1', [sourceReleaseId]);
    return source ? `, which is v${source.number} of ${source.environment}` : '';
  }

  /** The release that is live at its turn: one that went live while it waited is not undone. */
  async #live(manager: EntityManager, { environmentId, reason }: Deployment): Promise<Brought> {
    const release = await this.releases.liveOf(manager, environmentId);
    if (!release) throw nothingLive();
    const image = await this.images.find(manager, release.imageId);
    const how = reason === 'move' ? 'goes on, without the nodes that are being drained' : 'once more, with fresh instances';
    return { release, image, told: [stepOf('release.taken', `Release v${release.number} ${how}`, { number: release.number })] };
  }

  /** A push brings its own image; a change of config or formation takes that of the live release. */
  async #origin(manager: EntityManager, deployment: Deployment): Promise<Origin> {
    if (deployment.buildId) {
      const build = await this.builds.find(deployment.buildId, manager);
      if (!build.imageId) throw new AppError('internal', { detail: `Build ${build.id} succeeded without an image.` });
      return { image: await this.images.find(manager, build.imageId), version: deployment.versionTag, commit: deployment.commit };
    }
    const origin = await this.releases.originOf(manager, deployment.environmentId, deployment.sourceReleaseId);
    if (!origin) throw nothingLive();
    return origin;
  }
}

export function builderGone(): AppError {
  return new AppError('build_interrupted', { detail: 'The builder did not report for two hours. Push again; see "molo nodes" for the state of the builder.' });
}

function failureOf(build: Build): AppError {
  if (build.state === 'cancelled') return new AppError('deployment_cancelled', { detail: 'Its build was cancelled.' });
  return new AppError(build.failure?.code ?? 'internal', { detail: build.failure?.detail ?? 'The build failed without a reason.' });
}

function nothingLive(): AppError {
  return new AppError('conflict', { detail: 'Nothing is live here yet. Push the app first.' });
}
