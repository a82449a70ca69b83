import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Commit, type Deployment as DeploymentView, type ReleaseReason, runDeployment } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { actorOf, type Caller, moloItself } from '../access/caller.js';
import { type HeldChange, HeldChanges } from '../approvals/held-changes.js';
import { AuditService } from '../audit/audit.service.js';
import { BuildsService, noSource, type Source } from '../builds/builds.service.js';
import { Notifications } from '../database/notifications.js';
import { WakeUps } from '../database/wake-ups.js';
import { ConfigSnapshots } from '../environments/config-snapshots.js';
import { Environment } from '../environments/environment.entity.js';
import { waitsForApproval } from '../environments/protection.js';
import type { Image } from '../images/image.entity.js';
import { ImagesService } from '../images/images.service.js';
import { OutboxService } from '../outbox/outbox.service.js';
import type { Release } from '../releases/release.entity.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Deployment } from './deployment.entity.js';
import { cancelled, DeploymentMover } from './deployment-mover.js';
import { DeploymentViews } from './deployment-views.js';
import { cancellableStates, waitingState } from './transitions.js';
import { Turn } from './turn.js';

export interface Push {
  readonly appId: string;
  readonly environmentName: string;
  readonly commit: Commit;
  readonly treeId: string;
  readonly sourceDigest: string;
  readonly sourceBytes: number;
  readonly versionTag: string | null;
  readonly gitRef: string;
  readonly gitOld: string;
  readonly gitNew: string;
  readonly caller: Caller;
}

/** A push whose source is not stored. */
export type BuiltPush = Omit<Push, 'sourceDigest' | 'sourceBytes'>;

/** Begins deployments and cancels them; DeploymentRun carries them on. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly builds: BuildsService,
    private readonly images: ImagesService,
    private readonly releases: ReleasesService,
    private readonly snapshots: ConfigSnapshots,
    private readonly held: HeldChanges,
    private readonly turn: Turn,
    private readonly mover: DeploymentMover,
    private readonly notifications: Notifications,
    private readonly outbox: OutboxService,
    private readonly audit: AuditService,
    private readonly wakeUps: WakeUps,
    private readonly views: DeploymentViews,
  ) {}

  async push(push: Push): Promise<{ deploymentId: string }> {
    return this.dataSource.transaction(async (manager) => {
      const environment = await this.#environmentOf(manager, push);
      return this.#push(manager, environment, push, push);
    });
  }

  /** A push of a tree that was built before takes that image, and needs no source. @returns null where there is none: nothing was begun */
  async pushBuilt(push: BuiltPush): Promise<{ deploymentId: string } | null> {
    return this.dataSource.transaction(async (manager) => {
      const environment = await this.#environmentOf(manager, push);
      // Held until the build that names it is there, so that it is not collected in between.
      const image = await this.images.ofTree(manager, push.appId, push.treeId);
      return image && this.#push(manager, environment, push, noSource, image);
    });
  }

  /**
   * Deploys the config and formation as they are now, on the image that is live; the environment is locked by the caller.
   * @param held what is to be changed of them once somebody approves it; null where that is done
   * @returns null where nothing is live yet
   */
  async deployChange(manager: EntityManager, environment: Beginning & Pick<Environment, 'liveReleaseId'>, reason: 'config' | 'scale', caller: Caller, held: HeldChange | null = null): Promise<string | null> {
    return environment.liveReleaseId === null ? null : this.#begin(manager, environment, reason, caller, {}, held);
  }

  /** A new release of an earlier one's image and config; the formation stays as it is now. */
  async rollBack(environmentId: string, number: number | null, caller: Caller): Promise<DeploymentView> {
    const id = await this.dataSource.transaction(async (manager) => {
      const environment = await this.#live(manager, environmentId);
      const live = environment.liveReleaseId;
      const liveRelease = await this.releases.find(manager, live);
      const target = number === null ? await this.releases.lastGoodBefore(manager, environmentId, liveRelease.number) : await this.releases.byNumber(manager, environmentId, number);
      if (target.id === live) throw new AppError('conflict', { detail: `v${target.number} is live already. "molo redeploy" starts it afresh.` });
      return this.#goBack(manager, environment, target, caller, {});
    });
    return this.view(id);
  }

  /** The rollback that Molo itself begins for a deployment whose release did not settle: at most one for each. @returns its id */
  async undo(manager: EntityManager, { id, environmentId }: Deployment, target: Release): Promise<string> {
    return this.#goBack(manager, await this.#lock(manager, environmentId), target, moloItself, { undoesDeploymentId: id });
  }

  /** The live release once more, with fresh instances. */
  async redeploy(environmentId: string, caller: Caller): Promise<DeploymentView> {
    const id = await this.dataSource.transaction(async (manager) => {
      return this.#begin(manager, await this.#live(manager, environmentId), 'redeploy', caller, {});
    });
    return this.view(id);
  }

  /** A new release of the image that another environment of the app has in the release `number`, or in its live one. */
  async promote(source: Pick<Environment, 'id' | 'name'>, environmentId: string, number: number | null, caller: Caller): Promise<DeploymentView> {
    const id = await this.dataSource.transaction(async (manager) => {
      const environment = await this.#lock(manager, environmentId);
      const release = number === null ? await this.releases.liveOf(manager, source.id) : await this.releases.byNumber(manager, source.id, number);
      if (!release) throw new AppError('conflict', { detail: `Nothing is live in ${source.name} yet, so there is nothing to promote. Deploy it there first.` });
      const live = environment.liveReleaseId === null ? null : await this.releases.find(manager, environment.liveReleaseId);
      if (live?.imageId === release.imageId) throw new AppError('conflict', { detail: `The image of v${release.number} of ${source.name} is live in ${environment.name} already, as v${live.number}. "molo redeploy" starts it afresh.` });
      await this.images.hold(manager, release);
      return this.#begin(manager, environment, 'promotion', caller, { sourceReleaseId: release.id, commit: release.commit, versionTag: release.version });
    });
    return this.view(id);
  }

  /** The live release goes on, with instances elsewhere in place of those on nodes that are being drained. @returns null where nothing is live */
  async move(manager: EntityManager, environmentId: string, caller: Caller): Promise<string | null> {
    const environment = await this.#lock(manager, environmentId);
    return environment.liveReleaseId && (await this.#begin(manager, environment, 'move', caller, {}));
  }

  async cancel(id: string, caller: Caller): Promise<DeploymentView> {
    await this.dataSource.transaction(async (manager) => {
      const deployment = await manager.findOne(Deployment, { where: { id }, lock: { mode: 'for_no_key_update' } });
      if (!deployment) throw new AppError('not_found', { detail: `There is no deployment ${id}.` });
      if (!cancellableStates.includes(deployment.state)) {
        throw new AppError('conflict', { detail: `The deployment is ${deployment.state}: it can no longer be cancelled. "molo rollback" goes back to the release before it.` });
      }
      await manager.update(Deployment, { id }, { cancelRequestedAt: new Date() });
      await this.audit.record(manager, caller, { action: 'deployment.cancelled', target: id, environmentId: deployment.environmentId });
      if (deployment.startedAt) await this.wakeUps.wake(manager, id);
      else await this.#cancelWaiting(manager, deployment);
    });
    return this.view(id);
  }

  /** Those of environments that were removed. One that is past its switch cannot be cancelled any more, and ends by itself. Who dies in here leaves the rest to the sweeper. */
  async cancelAllOf(environmentIds: readonly string[], caller: Caller): Promise<void> {
    const running: { id: string }[] = await this.dataSource.query('select id from deployments where environment_id = any($1) and finished_at is null', [environmentIds]);
    for (const { id } of running) {
      await this.cancel(id, caller).catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'conflict')) throw error;
      });
    }
  }

  async view(id: string): Promise<DeploymentView> {
    return this.views.one(id);
  }

  async #environmentOf(manager: EntityManager, { appId, environmentName }: BuiltPush): Promise<Environment> {
    const environment = await manager.findOneBy(Environment, { appId, name: environmentName, deletedAt: IsNull() });
    if (!environment) throw removed();
    return this.#lock(manager, environment.id);
  }

  async #push(manager: EntityManager, environment: Environment, push: BuiltPush, { sourceDigest, sourceBytes }: Source, image: Image | null = null): Promise<{ deploymentId: string }> {
    const { appId, commit, treeId, versionTag, gitRef, gitOld, gitNew } = push;
    const waiting = waitsForApproval(environment, push.caller) ? await this.#waitingPush(manager, environment.id, push) : null;
    if (waiting) return { deploymentId: waiting };
    const buildId = await this.builds.create(manager, { appId, commitId: commit.id, treeId, sourceDigest, sourceBytes });
    const deploymentId = await this.#begin(manager, environment, 'push', push.caller, { buildId, commit, versionTag, gitRef, gitOld, gitNew });
    if (image) await this.builds.take(manager, buildId, deploymentId, image);
    if (image && waitsForApproval(environment, push.caller)) await this.#awaitApproval(manager, deploymentId);
    return { deploymentId };
  }

  /** Who pushes once more what waits already does not take its place, and with it its place in the order and whatever was said of it. */
  async #waitingPush(manager: EntityManager, environmentId: string, { commit, gitRef, gitOld, versionTag }: BuiltPush): Promise<string | null> {
    const [waiting]: { id: string }[] = await manager.query(
      `select id from deployments where environment_id = $1 and finished_at is null and needs_approval and reason = 'push' and commit->>'id' = $2 and git_ref = $3 and git_old = $4
         and version_tag is not distinct from $5 and cancel_requested_at is null`,
      [environmentId, commit.id, gitRef, gitOld, versionTag],
    );
    return waiting?.id ?? null;
  }

  /** It has what it needs to be decided on. */
  async #awaitApproval(manager: EntityManager, id: string): Promise<void> {
    await this.mover.move(manager, id, 'queued', 'awaiting_approval');
  }

  async #cancelWaiting(manager: EntityManager, deployment: Deployment): Promise<void> {
    if (deployment.buildId) await this.builds.cancel(manager, deployment.buildId, deployment.id);
    if (deployment.needsApproval) await this.held.drop(manager, deployment.id);
    await this.mover.move(manager, deployment.id, waitingState(deployment), 'cancelled', { failure: cancelled().toFailure() });
  }

  async #live(manager: EntityManager, environmentId: string): Promise<Environment & { readonly liveReleaseId: string }> {
    const environment = await this.#lock(manager, environmentId);
    const { liveReleaseId } = environment;
    if (!liveReleaseId) throw new AppError('conflict', { detail: 'Nothing is live here yet. Push the app first.' });
    return Object.assign(environment, { liveReleaseId });
  }

  /** The environment is locked by the caller. */
  async #goBack(manager: EntityManager, environment: Environment, target: Release, caller: Caller, facts: Begun): Promise<string> {
    await this.images.hold(manager, target);
    // One that waits for approval changes the config when it is approved.
    if (!waitsForApproval(environment, caller)) await this.snapshots.restore(manager, environment.id, this.releases.configOf(target));
    return this.#begin(manager, environment, 'rollback', caller, { ...facts, sourceReleaseId: target.id });
  }

  /** Of two that begin at once, the second sees what the first left; after its removal, which locks the same, nothing begins. */
  async #lock(manager: EntityManager, environmentId: string): Promise<Environment> {
    const environment = await manager.findOneOrFail(Environment, { where: { id: environmentId }, lock: { mode: 'for_no_key_update' } });
    if (environment.deletedAt) throw removed();
    return environment;
  }

  /** The environment is locked by the caller. */
  async #begin(manager: EntityManager, environment: Beginning, reason: ReleaseReason, caller: Caller, facts: Begun, held: HeldChange | null = null): Promise<string> {
    const id = randomUUID();
    const environmentId = environment.id;
    const needsApproval = waitsForApproval(environment, caller);
    const { buildId, commit, versionTag, gitRef, gitOld, gitNew, sourceReleaseId, undoesDeploymentId } = facts;
    const given = [buildId, commit && JSON.stringify(commit), versionTag, gitRef, gitOld, gitNew, sourceReleaseId, undoesDeploymentId].map((value) => value ?? null);
    const after = { reason, commit: commit?.id ?? null, ...(undoesDeploymentId ? { undoes: undoesDeploymentId } : {}), ...(needsApproval ? { needsApproval } : {}) };
    await Promise.all([
      manager.query(beginStatement, [id, environmentId, reason, JSON.stringify(actorOf(caller)), ...given, needsApproval]),
      this.audit.record(manager, caller, { action: 'deployment.begun', target: id, environmentId, after }),
      this.outbox.add(manager, runDeployment, { deploymentId: id }),
      this.notifications.notify(manager, 'deployment_event', id),
    ]);
    if (needsApproval) await this.held.keep(manager, { id, environmentId }, held);
    await this.turn.supersedeWaiting(manager, environmentId, id, { reason, isApproved: !needsApproval, isUndo: undoesDeploymentId !== undefined });
    if (needsApproval && !buildId) await this.#awaitApproval(manager, id);
    return id;
  }
}

function removed(): AppError {
  return new AppError('not_found', { detail: 'The environment was removed, by itself or with its app.' });
}

/** What of an environment its deployments begin with. */
type Beginning = Pick<Environment, 'id' | 'protected'>;

/** What a deployment begins with, beside what it is for. */
type Begun = Partial<Pick<Deployment, 'buildId' | 'commit' | 'versionTag' | 'gitRef' | 'gitOld' | 'gitNew' | 'sourceReleaseId' | 'undoesDeploymentId'>>;

/** Deployments of an environment are put in order by when they began: a clock that was set back must not turn that round. */
const beginStatement = `
  with begun as (
    insert into deployments (id, environment_id, state, reason, actor, build_id, commit, version_tag, git_ref, git_old, git_new, source_release_id, undoes_deployment_id, needs_approval, event_seq, created_at)
    select $1, $2, 'queued', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1,
      greatest(date_trunc('milliseconds', clock_timestamp()), (select max(created_at) + interval '1 ms' from deployments where environment_id = $2))
    returning id)
  insert into deployment_events (deployment_id, seq, at, kind, data) select id, 1, clock_timestamp(), 'state', '{"state": "queued", "failure": null}' from begun`;
