import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import type { Build } from '../builds/build.entity.js';
import { BuildsService } from '../builds/builds.service.js';
import { Repositories } from '../git/repositories.js';
import { ImagesService } from '../images/images.service.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';
import { Journal } from './journal.js';
import { Waiting } from './waiting.js';

/** A builder ends a build at its own limit; this one is for a builder that is gone. */
const longestBuildMs = 2 * 3600_000;

/** From the turn to a release: build the image or take it, then write the release down. */
@Injectable()
export class BuildSteps {
  constructor(
    private readonly dataSource: DataSource,
    private readonly builds: BuildsService,
    private readonly images: ImagesService,
    private readonly releases: ReleasesService,
    private readonly mover: DeploymentMover,
    private readonly journal: Journal,
    private readonly waiting: Waiting,
    private readonly repositories: Repositories,
  ) {}

  async build(deployment: Deployment): Promise<void> {
    if (!deployment.releaseId) await this.#refuseOvertaken(deployment);
    if (!deployment.releaseId && deployment.buildId) await this.#image(deployment.id, deployment.buildId);
    await this.dataSource.transaction(async (manager) => {
      const held = await this.mover.hold(manager, deployment.id, 'queued');
      if (held.reason === 'redeploy') await this.#takeLive(manager, held);
      else if (!held.releaseId) await this.#release(manager, held);
      await this.mover.move(manager, deployment.id, 'queued', 'placing');
    });
  }

  /** A deployment that ends takes its build with it. */
  async giveUp(manager: EntityManager, deployment: Deployment): Promise<void> {
    if (deployment.buildId && !deployment.releaseId) await this.builds.cancel(manager, deployment.buildId, deployment.id);
  }

  /** From its turn on no other moves its branch: what came in while it waited is not to be overwritten by who has not seen it. */
  async #refuseOvertaken({ environmentId, gitRef, gitOld, gitNew }: Deployment): Promise<void> {
    if (!gitRef || !gitOld || !gitNew) return;
    const [app]: { name: string }[] = await this.dataSource.query('select a.name from apps a join environments e on e.app_id = a.id where e.id = $1', [environmentId]);
    if (!app || !(await this.repositories.isOvertaken(app.name, { ref: gitRef, oldId: gitOld, newId: gitNew }))) return;
    throw new AppError('conflict', { detail: 'The branch moved while this waited. Fetch, look at what came in, and push again.' });
  }

  async #image(deploymentId: string, buildId: string): Promise<void> {
    if (!(await this.builds.find(buildId)).finishedAt) await this.builds.begin(buildId);
    const build = await this.waiting.until(deploymentId, longestBuildMs, async (manager) => {
      const seen = await this.builds.find(buildId, manager);
      return seen.finishedAt ? seen : undefined;
    });
    if (!build) throw new AppError('build_interrupted', { detail: 'The builder did not report for two hours. Push again; see "molo nodes" for the state of the builder.' });
    if (build.state !== 'succeeded') throw failureOf(build);
  }

  async #release(manager: EntityManager, deployment: Deployment): Promise<void> {
    const { imageId, version, commit } = await this.#origin(manager, deployment);
    const image = await this.images.find(manager, imageId);
    const release = await this.releases.create(manager, {
      environmentId: deployment.environmentId,
      image,
      version,
      reason: deployment.reason,
      commit,
      createdBy: deployment.actor,
    });
    await manager.update(Deployment, { id: deployment.id }, { releaseId: release.id });
    const text = `Release v${release.number}${release.version === null ? '' : `, version ${release.version}`}`;
    await this.journal.step(manager, deployment.id, 'release.created', text, { number: release.number, version: release.version, digest: image.digest });
  }

  /** The release that is live at its turn: one that went live while it waited is not undone. */
  async #takeLive(manager: EntityManager, { id, environmentId }: Deployment): Promise<void> {
    const live = await this.releases.liveOf(manager, environmentId);
    if (!live) throw nothingLive();
    await manager.update(Deployment, { id }, { releaseId: live.id });
    await this.journal.step(manager, id, 'release.taken', `Release v${live.number} once more, with fresh instances`, { number: live.number });
  }

  /** A push brings its own image; a change of config or formation takes that of the live release. */
  async #origin(manager: EntityManager, deployment: Deployment): Promise<{ imageId: string; version: string | null; commit: Deployment['commit'] }> {
    if (deployment.buildId) {
      const build = await this.builds.find(deployment.buildId, manager);
      if (!build.imageId) throw new AppError('internal', { detail: `Build ${build.id} succeeded without an image.` });
      return { imageId: build.imageId, version: deployment.versionTag, commit: deployment.commit };
    }
    const [row]: { release_id: string | null }[] = await manager.query(
      'select coalesce($2, live_release_id) as release_id from environments where id = $1',
      [deployment.environmentId, deployment.sourceReleaseId],
    );
    if (!row?.release_id) throw nothingLive();
    const source = await this.releases.find(manager, row.release_id);
    return { imageId: source.imageId, version: source.version, commit: source.commit };
  }
}

function failureOf(build: Build): AppError {
  if (build.state === 'cancelled') return new AppError('deployment_cancelled', { detail: 'Its build was cancelled.' });
  return new AppError(build.failure?.code ?? 'internal', { detail: build.failure?.detail ?? 'The build failed without a reason.' });
}

function nothingLive(): AppError {
  return new AppError('conflict', { detail: 'Nothing is live here yet. Push the app first.' });
}
