import { Injectable } from '@nestjs/common';
import { AppError, defaultEnvironment, type Failure, type InstanceObserved, type Receipt, type TrafficCount } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { send } from '../database/gathering.js';
import { heldInOrder, SetStatement } from '../database/set-statement.js';
import { SharedTransactions } from '../database/shared-transactions.js';
import { Repositories } from '../git/repositories.js';
import { ImagesService } from '../images/images.service.js';
import type { Instance } from '../instances/instance.entity.js';
import { InstancesService } from '../instances/instances.service.js';
import { Log, reasonOf } from '../log.js';
import { DesiredChanges } from '../nodes/desired-changes.js';
import { isOnline } from '../nodes/nodes.service.js';
import { ReleaseTags } from '../registry/release-tags.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Course, stepOf } from './course.js';
import { DeploymentAges } from './deployment-ages.js';
import { type Deployment, movedTo } from './deployment.entity.js';
import { DeploymentMover } from './deployment-mover.js';
import { isWeb } from './instance-steps.js';
import { Journal } from './journal.js';
import { KeptInstances } from './kept-instances.js';
import { Settling } from './settling.js';
import { Waiting } from './waiting.js';

const longestSwitchMs = 60_000;
/** An ingress that was just started again tries once more by itself. */
const forgivenMs = 5000;
/** What an agent may take beyond the limits that the app itself set for draining and stopping. */
const drainMarginMs = 30_000;

/** From healthy instances to live: switch the ingress, let the old instances end, write the receipt, move the ref. */
@Injectable()
export class TrafficSteps {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: SharedTransactions,
    private readonly instances: InstancesService,
    private readonly kept: KeptInstances,
    private readonly desired: DesiredChanges,
    private readonly releases: ReleasesService,
    private readonly images: ImagesService,
    private readonly repositories: Repositories,
    private readonly tags: ReleaseTags,
    private readonly settling: Settling,
    private readonly ages: DeploymentAges,
    private readonly mover: DeploymentMover,
    private readonly journal: Journal,
    private readonly waiting: Waiting,
    private readonly log: Log,
  ) {}

  /** Looks at once: where the new instances take no requests, no ingress has anything to report. */
  async switch(deployment: Deployment): Promise<Deployment> {
    const { id, environmentId, releaseId } = deployment;
    const begunAt = performance.now();
    const look = (manager: EntityManager) => this.#switched(manager, environmentId, performance.now() - begunAt < forgivenMs);
    const switched = await this.waiting.thenAct<readonly string[], Deployment>(deployment, { timeoutMs: longestSwitchMs }, look, async (manager, serving) => {
      const told = serving.length === 0 ? [] : [stepOf('ingress.switched', `Traffic goes to ${serving.length === 1 ? 'the new instance' : `the ${serving.length} new instances`}`)];
      await this.mover.follow(manager, id, Course.from('switching').tell(...told).to('draining'), { settles: this.settling.watches(deployment) });
      const kept = await this.#kept(manager, deployment);
      await send(manager, switchEnvironment, { environmentId, id, releaseId });
      const here = await this.instances.hold(manager, environmentId);
      await this.settling.begin(manager, here.filter(({ deploymentId }) => deploymentId === id));
      await this.instances.handOn(manager, kept, id, releaseId!);
      const goesOn = new Set(kept.map((instance) => instance.id));
      await this.instances.drain(manager, here.filter((instance) => instance.deploymentId !== id && !goesOn.has(instance.id)));
      return movedTo(deployment, 'draining');
    });
    if (!switched) throw new AppError('ingress_failed', { detail: 'The ingress did not take the new instances within a minute. The old ones serve on. See "molo status".' });
    return switched;
  }

  async drain(deployment: Deployment): Promise<Deployment> {
    const [howEnded] = await Promise.all([this.#untilDrained(deployment), this.#nameImage(deployment)]);
    await this.#transactionOf(deployment, async (manager) => {
      await this.mover.hold(manager, deployment.id, 'draining');
      const receipt = await this.receipt(manager, deployment);
      await this.#supersede(manager, deployment);
      // The ref moves before the state: whoever sees the release live sees the ref there too. Done again it changes nothing.
      await this.#moveRef(manager, deployment);
      const told = howEnded ? [stepOf('instances.drained', howEnded)] : [];
      await this.mover.follow(manager, deployment.id, Course.from('draining').tell(...told, { kind: 'receipt', receipt }).to('live'), { receipt });
      await this.stopCounting(manager, deployment);
    });
    return movedTo(deployment, 'live');
  }

  /** Git may hang, and whoever shares a transaction with a push would hang with it. */
  async #transactionOf(deployment: Deployment, work: (manager: EntityManager) => Promise<void>): Promise<void> {
    if (deployment.gitRef) await this.dataSource.transaction(work);
    else await this.transactions.run('draining', deployment.environmentId, work);
  }

  /** What the ingresses counted while the deployment ran. */
  async receipt(manager: EntityManager, deployment: Deployment): Promise<Receipt> {
    const rows = await send(manager, findTrafficCounts, { id: deployment.id });
    const counts = rows.map((row) => row.counts);
    const moved = await this.#movedLayers(manager, deployment);
    const sum = (pick: (count: TrafficCount) => number) => counts.reduce((total, count) => total + pick(count), 0);
    return {
      requests: sum((count) => count.requests),
      failed: sum((count) => count.failed),
      connectionsDropped: sum((count) => count.connectionsDropped),
      slowestMs: Math.max(0, ...counts.map((count) => count.slowestMs)),
      durationMs: this.ages.of(deployment),
      layersMoved: moved.length,
      bytesMoved: moved.reduce((total, layer) => total + layer.bytes, 0),
    };
  }

  /** A switch that failed: traffic goes back where it was. */
  async giveBack(manager: EntityManager, deployment: Deployment): Promise<void> {
    const old = await this.instances.ofOthers(manager, deployment.environmentId, deployment.id);
    const serving = old.filter((instance) => isWeb(instance) && instance.desired === 'running');
    await this.instances.serve(manager, deployment.environmentId, serving.map((instance) => instance.id));
  }

  /** The deployment is over: its traffic is counted no longer. */
  async stopCounting(manager: EntityManager, { environmentId }: Deployment): Promise<void> {
    await this.desired.routes(manager, [environmentId]);
  }

  async #kept(manager: EntityManager, deployment: Deployment): Promise<Instance[]> {
    return this.kept.of(manager, await this.releases.find(manager, deployment.releaseId!), deployment);
  }

  /** The ids of the instances that take requests, once all ingresses say now that they send theirs to these. In one statement: each report has it asked. */
  async #switched(manager: EntityManager, environmentId: string, forgives: boolean): Promise<readonly string[] | undefined> {
    const [{ wanted, ingresses }] = (await send(manager, findSwitched, { environmentId })) as [Switched];
    const failure = ingresses.map((route) => route.failure).find(Boolean);
    if (failure && forgives) return undefined;
    if (failure) throw new AppError(failure.code, { detail: failure.detail });
    return ingresses.every(({ lastSeenAt, serving }) => isOnline({ lastSeenAt: lastSeenAt === null ? null : new Date(lastSeenAt) }) && keyOf(serving ?? []) === keyOf(wanted)) ? wanted : undefined;
  }

  /** @returns how it went, for people; null where there was nothing to end */
  async #untilDrained({ id, environmentId }: Deployment): Promise<string | null> {
    const { instances, longestMs } = await this.#leaving(this.dataSource.manager, environmentId, id);
    if (instances.length === 0) return null;
    const ended = await this.waiting.until(id, { timeoutMs: longestMs + drainMarginMs }, async (manager) => {
      const left = await this.#leaving(manager, environmentId, id);
      // An instance whose last connection has ended may take its time to stop: nothing of its traffic is at stake any more.
      if (left.instances.every(({ isWeb: is, observed }) => !is || (observed === 'stopping' && left.open === 0))) return 'The old instances have ended';
      return left.isUndone ? 'The rollback does not wait for the old instances; the agent goes on draining them' : undefined;
    });
    return ended ?? 'The old instances have not ended within their limits; the agent goes on stopping them';
  }

  /** What is left of other deployments: their instances, the connections that are open to them, and whether it is worth waiting for. In one statement: each report has it asked. */
  async #leaving(manager: EntityManager, environmentId: string, deploymentId: string): Promise<Leaving> {
    const [leaving] = await send(manager, findLeaving, { environmentId, deploymentId });
    return leaving!;
  }

  /** The image can be pulled by the release's number and version; without these names it can still be pulled by digest. One that is in no registry, as those of a simulated fleet, has no name there. */
  async #nameImage({ id, releaseId }: Deployment): Promise<void> {
    const { manager } = this.dataSource;
    const [row] = await send(manager, findImageName, { releaseId: releaseId! });
    if (!row) return;
    try {
      await this.tags.point(row.app, tagsOf(row), row.digest);
    } catch (error) {
      this.log.warn({ deploymentId: id, reason: reasonOf(error instanceof AppError ? (error.cause ?? error) : error) }, 'the image of a release has no tag');
      await this.journal.step(manager, id, 'image.untagged', 'The registry did not take the tags of the release; its image is there by digest.');
    }
  }

  async #supersede(manager: EntityManager, deployment: Deployment): Promise<void> {
    const live = await send(manager, findLive, { environmentId: deployment.environmentId });
    for (const older of live) await this.mover.move(manager, older.id, 'live', 'superseded', older.failure ? { failure: older.failure } : {});
  }

  /** The release is live whatever git says: a ref that cannot move is told in the journal, and moves with the next push. */
  async #moveRef(manager: EntityManager, deployment: Deployment): Promise<void> {
    const { gitRef, gitNew, gitOld } = deployment;
    if (!gitRef || !gitNew) return;
    const [row]: { name: string }[] = await manager.query('select a.name from apps a join environments e on e.app_id = a.id where e.id = $1', [deployment.environmentId]);
    if (!row) return;
    try {
      await this.repositories.moveRef(row.name, gitRef, gitNew, gitOld);
    } catch (error) {
      this.log.warn({ deploymentId: deployment.id, gitRef, err: error }, 'the ref could not be moved');
      await this.journal.step(manager, deployment.id, 'ref.failed', `The release is live, but ${gitRef} could not be moved: push again.`);
    }
  }

  async #movedLayers(manager: EntityManager, deployment: Deployment): Promise<{ bytes: number }[]> {
    if (!deployment.buildId || !deployment.releaseId) return [];
    const [build]: { reused: boolean }[] = await manager.query('select reused from builds where id = $1', [deployment.buildId]);
    if (build?.reused) return [];
    const release = await this.releases.find(manager, deployment.releaseId);
    return (await this.images.find(manager, release.imageId)).layers.filter((layer) => layer.moved);
  }
}

interface OfEnvironment {
  readonly environmentId: string;
}

/** The instances that are to take requests, and where each ingress sends them. */
interface Switched {
  readonly wanted: readonly string[];
  readonly ingresses: readonly { readonly lastSeenAt: string | null; readonly serving: readonly string[] | null; readonly failure: Failure | null }[];
}

interface Leaving {
  readonly instances: readonly { readonly isWeb: boolean; readonly observed: InstanceObserved }[];
  readonly longestMs: number;
  readonly open: number;
  readonly isUndone: boolean;
}

const switchEnvironment = new SetStatement<Pick<Deployment, 'environmentId' | 'id' | 'releaseId'>>(
  { environmentId: 'uuid', id: 'uuid', releaseId: 'uuid' },
  `, ${heldInOrder('environments', 'environmentId')}
   update environments e set serving_deployment_id = given.id, live_release_id = "releaseId" from held join given on "environmentId" = held.id where e.id = held.id`,
);

const findTrafficCounts = new SetStatement<Pick<Deployment, 'id'>, { counts: TrafficCount }>({ id: 'uuid' }, 'select n, counts from given join traffic_counts t on t.deployment_id = given.id');

const findSwitched = new SetStatement<OfEnvironment, Switched>(
  { environmentId: 'uuid' },
  `, ingresses as materialized (select id, name, last_seen_at from nodes where 'ingress' = any(roles))
   select given.n, (select coalesce(json_agg(id), '[]') from instances where environment_id = given."environmentId" and serving and gone_at is null) as wanted,
     (select coalesce(json_agg(json_build_object('lastSeenAt', node.last_seen_at, 'serving', route.serving, 'failure', route.failure) order by node.name), '[]')
      from ingresses node left join observed_routes route on route.node_id = node.id and route.environment_id = given."environmentId") as ingresses
   from given`,
);

const findLeaving = new SetStatement<OfEnvironment & { readonly deploymentId: string }, Leaving>(
  { environmentId: 'uuid', deploymentId: 'uuid' },
  `select given.n, leaving.*, (select coalesce(sum(draining), 0) from observed_routes o where o.environment_id = given."environmentId")::float8 as open,
     exists (select 1 from deployments where undoes_deployment_id = given."deploymentId") as "isUndone"
   from given cross join lateral (
     select coalesce(json_agg(json_build_object('isWeb', i.process_type = 'web' and not i.runs_once, 'observed', i.observed)) filter (where i.id is not null), '[]') as instances,
       coalesce(max((img.manifest->>'drainSeconds')::float8 + (img.manifest->>'stopSeconds')::float8), 0)::float8 * 1000 as "longestMs"
     from instances i join releases r on r.id = i.release_id join images img on img.id = r.image_id
     where i.environment_id = given."environmentId" and i.deployment_id <> given."deploymentId" and i.gone_at is null) leaving`,
);

const findImageName = new SetStatement<{ readonly releaseId: string }, { app: string; environment: string; number: number; version: string | null; digest: string }>(
  { releaseId: 'uuid' },
  `select n, a.name as app, e.name as environment, r.number, r.version, img.digest from given join releases r on r.id = "releaseId" join environments e on e.id = r.environment_id
   join images img on img.id = r.image_id join apps a on a.id = img.app_id where img.stored`,
);

/** As in addresses, what is named without its environment is that of production. The app's version names what is live there. */
function tagsOf({ environment, number, version }: { environment: string; number: number; version: string | null }): (string | null)[] {
  return environment === defaultEnvironment ? [`v${number}`, version] : [`${environment}--v${number}`];
}

const findLive = new SetStatement<OfEnvironment, Pick<Deployment, 'id' | 'failure'>>(
  { environmentId: 'uuid' },
  `select n, d.id, d.failure from given join deployments d on d.environment_id = given."environmentId" where d.state = 'live'`,
);

function keyOf(ids: readonly string[]): string {
  return ids.toSorted().join();
}
