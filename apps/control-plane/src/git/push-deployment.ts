import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppError, defaultEnvironment, type DeploymentState, type Failure, isFinal, problems } from '@molo/contracts';
import { Addresses } from '../addresses.js';
import { appErrorOf } from '../database/database-failure.js';
import { DeploymentStream } from '../deployments/deployment-stream.js';
import { DeploymentsService, type Push as NewPush } from '../deployments/deployments.service.js';
import { Log } from '../log.js';
import type { StoredBlob } from '../registry/registry-blobs.js';
import { UploadGate } from '../registry/upload-gate.js';
import type { Deploying } from './deploying-branches.js';
import type { HookConnection } from './hook-connection.js';
import { complaint, detail, failureLines, heading, linesOf, liveLines, refFailed, waitingLines } from './push-narrative.js';
import { type PushedCommit, readPushedCommit } from './pushed-commit.js';
import { type PushedTree, readPushedTree } from './pushed-tree.js';
import type { Push } from './pushes.js';
import { isZero, type RefUpdate, type Verdict } from './ref-update.js';
import { Repositories } from './repositories.js';
import { SourceArchive } from './source-archive.js';

/** How long a stream that broke (the database went away) is joined again before the pusher is let go. */
const rejoinForMs = 60_000;
const rejoinEveryMs = 500;

export interface DeployingPush {
  readonly push: Push;
  readonly update: RefUpdate;
  /** All refs of the push: a tag that comes along names the version. */
  readonly updates: readonly RefUpdate[];
  readonly connection: HookConnection;
  readonly deploying: Deploying;
  /** Aborted when the control plane stops. */
  readonly closing: AbortSignal;
}

interface End {
  readonly state: DeploymentState;
  readonly failure: Failure | null;
  readonly hasMovedRef: boolean;
}

/** From a push of a branch that deploys to the answer that the pusher gets. */
@Injectable()
export class PushDeployment {
  constructor(
    private readonly addresses: Addresses,
    private readonly repositories: Repositories,
    private readonly archive: SourceArchive,
    private readonly uploads: UploadGate,
    private readonly deployments: DeploymentsService,
    private readonly stream: DeploymentStream,
    private readonly log: Log,
  ) {}

  async run(deploying: DeployingPush): Promise<Verdict> {
    try {
      // Its source has a build that needs it before the registry may be collected again.
      const deploymentId = await this.uploads.pass(() => this.#begin(deploying));
      return await this.#follow(deploymentId, deploying);
    } catch (error) {
      const failure = this.#failureOf(error);
      await deploying.connection.say(failureLines(failure));
      return refused(failure);
    }
  }

  async #begin(deploying: DeployingPush): Promise<string> {
    const { push, update, connection, deploying: { environment } } = deploying;
    const { app, caller } = push;
    const unwanted = new AbortController();
    // Git is already writing the archive while commit and tree are looked at.
    const stored = this.archive.store(app.name, update.newId, unwanted.signal);
    stored.catch(() => undefined);
    try {
      const { commit, treeId, versionTag } = await this.#look(deploying);
      const facts = { appId: app.id, environmentName: environment, commit, treeId, versionTag, gitRef: update.ref, gitOld: update.oldId, gitNew: update.newId, caller };
      // A tree that was built before does not wait for its source: nobody will read it.
      const { deploymentId } = (await this.deployments.pushBuilt(facts)) ?? (await this.deployments.push({ ...facts, ...sourceOf(await stored) }));
      await connection.say([...heading(`Deploying ${commit.id.slice(0, 8)} to ${environment === defaultEnvironment ? '' : `${environment} of `}${app.name}`), ...detail(`(should this break off: molo logs --deployment ${deploymentId})`)]);
      return deploymentId;
    } finally {
      unwanted.abort();
    }
  }

  async #look({ push, update, updates, connection, deploying: { branch } }: DeployingPush): Promise<PushedCommit> {
    const { name } = push.app;
    const repository = this.repositories.pathOf(name);
    const newTags = updates.filter((other) => other.ref.startsWith('refs/tags/'));
    // All at once: each is a start of git.
    const tree = readPushedTree(repository, update.newId);
    tree.catch(() => undefined); // what is no commit has no tree either
    const [other, commit] = await Promise.all([this.repositories.branchInTheWay(name, branch), readPushedCommit({ repository, ref: update.ref, newId: update.newId, newTags })]);
    if (other !== null) throw new AppError('conflict', { detail: `Git cannot keep ${branch} beside the branch ${other}. Delete that first: git push REMOTE :refs/heads/${other}` });
    const pushed = deployable(commit, update);
    await connection.say(notesOn(await tree));
    return pushed;
  }

  async #follow(deploymentId: string, { push, connection, closing, deploying }: DeployingPush): Promise<Verdict> {
    const end = await this.#tell(deploymentId, connection, AbortSignal.any([connection.gone, closing]));
    if (end === 'waiting') {
      await connection.say(waitingLines({ id: deploymentId, branch: deploying.branch, url: `${this.addresses.dashboard}/deployments/${deploymentId}` }));
      return { kind: 'waiting', as: `refs/molo/waiting/${deploymentId}` };
    }
    if (end === null) {
      const reason = closing.aborted ? 'The control plane restarts' : 'The deployment can no longer be followed from here';
      await connection.say(complaint(`${reason}. The deployment goes on:\nmolo logs --deployment ${deploymentId}`));
      return { kind: 'refused', reason: `not live yet: molo logs --deployment ${deploymentId}` };
    }
    // The failure of one that went live is what befell it later.
    if (end.state !== 'live' && end.state !== 'superseded') {
      const failure = end.failure ?? { code: 'deployment_cancelled', detail: 'The deployment was cancelled.' };
      await connection.say(failureLines(failure));
      return refused(failure);
    }
    await connection.say(await this.#liveLines(deploymentId, push.app.name, deploying.environment));
    return end.hasMovedRef ? { kind: 'moved' } : { kind: 'refused', reason: 'live, but the branch could not be moved: push again' };
  }

  /** @returns how it ended, or that it waits for approval; null when nobody listens any more, or there is nothing to be heard */
  async #tell(deploymentId: string, connection: HookConnection, signal: AbortSignal): Promise<End | 'waiting' | null> {
    let seen = 0;
    let hasMovedRef = true;
    let brokenSince: number | null = null;
    while (!signal.aborted) {
      try {
        for await (const event of this.stream.follow(deploymentId, seen, signal)) {
          seen = event.seq;
          brokenSince = null;
          if (event.kind === 'state' && isFinal(event.state)) return { state: event.state, failure: event.failure, hasMovedRef };
          if (event.kind === 'state' && event.state === 'awaiting_approval') return 'waiting';
          if (event.kind === 'step' && event.step === refFailed) hasMovedRef = false;
          await connection.say(linesOf(event));
        }
        if (signal.aborted) return null;
        const { state, failure } = await this.deployments.view(deploymentId);
        if (isFinal(state)) return { state, failure, hasMovedRef };
      } catch (error) {
        this.log.warn({ err: error, deploymentId }, 'the stream of a deployment broke, joining it again');
        brokenSince ??= performance.now();
        if (performance.now() - brokenSince > rejoinForMs) return null;
      }
      await pause(rejoinEveryMs, undefined, { signal }).catch(() => undefined);
    }
    return null;
  }

  async #liveLines(deploymentId: string, appName: string, environment: string): Promise<string[]> {
    const { release, receipt } = await this.deployments.view(deploymentId);
    const url = this.addresses.url(this.addresses.builtInHost(appName, environment));
    return liveLines({ number: release?.number ?? 0, version: release?.version ?? null, url, receipt });
  }

  #failureOf(error: unknown): Failure {
    const known = appErrorOf(error);
    if (known.status >= 500) this.log.error({ err: error, cause: known.cause }, 'a push could not be deployed');
    return known.toFailure();
  }
}

function sourceOf({ digest, bytes }: StoredBlob): Pick<NewPush, 'sourceDigest' | 'sourceBytes'> {
  return { sourceDigest: digest, sourceBytes: bytes };
}

function refused(failure: Failure): Verdict {
  return { kind: 'refused', reason: problems[failure.code].title };
}

function deployable(pushed: PushedCommit | null, { ref, oldId, newId }: RefUpdate): PushedCommit {
  if (!pushed) throw new AppError('source_invalid', { detail: 'What was pushed is not a commit. Push a branch.' });
  if (pushed.commit.id !== newId) throw new AppError('source_invalid', { detail: `What was pushed is an annotated tag, and a branch points to commits alone. Push its commit: git push REMOTE TAG^{}:${ref}` });
  if (pushed.isEmpty) throw new AppError('source_invalid', { detail: 'The commit holds no files. Add the app to it: git add, git commit.' });
  if (pushed.presentId !== (isZero(oldId) ? null : oldId)) {
    throw new AppError('conflict', { detail: 'The branch moved while this was pushed. Fetch, look at what came in, and push again.' });
  }
  return pushed;
}

function notesOn({ submodules, lfsPointers }: PushedTree): string[] {
  return [
    ...(submodules.length === 0 ? [] : complaint(`Submodules are not fetched: ${submodules.join(', ')} will be empty.\nPut their files into this repository if the app needs them.`)),
    ...(lfsPointers.length === 0 ? [] : complaint(`Git LFS objects are not fetched: the app gets the pointer files of ${lfsPointers.join(', ')}.\nCommit the files themselves if the app needs them: git lfs untrack, then git add --renormalize.`)),
  ];
}
