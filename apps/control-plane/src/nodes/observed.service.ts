import { Injectable } from '@nestjs/common';
import { AppError, type ObservedInstance, type ObservedNode } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { Batches, usualEveryMs } from '../database/batches.js';
import { Notifications } from '../database/notifications.js';
import { limitPatience } from '../database/shared-transactions.js';
import { WakeUps } from '../database/wake-ups.js';
import { Journal, type NewDeploymentEvent } from '../deployments/journal.js';
import { Settling } from '../deployments/settling.js';
import { Instance } from '../instances/instance.entity.js';
import { DesiredChanges } from './desired-changes.js';
import { type KnownInstance, type NodeReport, ObservedRows } from './observed-rows.js';

interface Change {
  readonly instance: KnownInstance;
  readonly observed: ObservedInstance;
}

/** A newer report was taken before; this one has nothing to say any more. */
class OutdatedReport extends Error {}

/** Of several reports one is not the next of its node: which one, and why, is found out by taking each by itself. */
class UnfitReport extends Error {}

/**
 * Takes what the agents see. Only what changed is written; whoever waits for it is woken when it is committed. Whether the
 * reports are the next ones is looked at last, as the nodes are locked last, and undoes all of it where they are not.
 */
@Injectable()
export class ObservedService {
  readonly #changes = new Batches<NodeReport>((reports) => this.#takeChanges(reports), { everyMs: usualEveryMs });
  /** Which lock nothing but their nodes. */
  readonly #signsOfLife = new Batches<NodeReport>((reports) => this.#finish(this.dataSource.manager, reports), { everyMs: usualEveryMs });

  constructor(
    private readonly dataSource: DataSource,
    private readonly rows: ObservedRows,
    private readonly journal: Journal,
    private readonly wakeUps: WakeUps,
    private readonly notifications: Notifications,
    private readonly settling: Settling,
    private readonly desired: DesiredChanges,
  ) {}

  /**
   * Throws `base_unknown` for one that builds on another than the last that was taken, or comes from an agent of before:
   * the agent, where it lives, then sends the whole as another session.
   */
  async take(nodeId: string, report: ObservedNode): Promise<void> {
    try {
      await (isSignOfLife(report) ? this.#signsOfLife : this.#changes).add(nodeId, { nodeId, report });
    } catch (error) {
      if (!(error instanceof OutdatedReport)) throw error;
    }
  }

  async #takeChanges(reports: readonly NodeReport[]): Promise<void> {
    const died = await this.dataSource.transaction((manager) => this.#take(manager, reports));
    await this.settling.decideAll(died);
  }

  /**
   * Rows are locked as everywhere: deployments, environments, instances, nodes, and each kind in the order of its ids.
   * @returns the deployments of which it is to be decided what becomes of them, since they do not settle
   */
  async #take(manager: EntityManager, reports: readonly NodeReport[]): Promise<string[]> {
    if (reports.length > 1) await limitPatience(manager);
    const changes = await this.#differences(manager, reports);
    await this.journal.appendEach(manager, changes.flatMap(toldOf));
    const died: string[] = [];
    for (const change of changes) if (await this.#died(manager, change)) died.push(change.instance.deploymentId);
    await this.rows.writeTraffic(manager, reports);
    const routed = await this.rows.writeRoutes(manager, reports);
    await this.rows.writeInstances(manager, changes.map(({ observed }) => observed));
    // What was marked while this holds it is passed over, and stamped once it is let go.
    if (changes.length > 0) this.desired.marked(manager);
    await this.#tell(manager, new Set([...changes.map(({ instance }) => instance.environmentId), ...routed]));
    const unrouted = changes.filter(({ instance, observed }) => observed.observed === 'gone' && instance.serving);
    await this.desired.routes(manager, unrouted.map(({ instance }) => instance.environmentId));
    await this.#finish(manager, reports);
    return died;
  }

  async #finish(manager: EntityManager, reports: readonly NodeReport[]): Promise<void> {
    const taken = await this.rows.writeNodes(manager, reports);
    if (taken.length === reports.length) return;
    if (reports.length > 1) throw new UnfitReport();
    const { nodeId, report } = reports[0]!;
    if (await this.rows.isOutdated(manager, nodeId, report)) throw new OutdatedReport();
    throw new AppError('base_unknown', { detail: 'The report builds on another than the last that was taken, or its session is over. Send the whole, as another session.' });
  }

  async #differences(manager: EntityManager, reports: readonly NodeReport[]): Promise<Change[]> {
    const whole = reports.filter(({ report }) => report.after === null).map(({ nodeId }) => nodeId);
    const named = reports.flatMap(({ report }) => (report.after === null ? [] : [...report.instances.map(({ id }) => id), ...report.absent]));
    const known = await this.rows.instances(manager, whole, named);
    const seen = new Map(reports.flatMap(({ nodeId, report }) => report.instances.map((instance) => [`${nodeId} ${instance.id}`, instance])));
    const speaks = new Map(reports.map(({ nodeId, report }) => [nodeId, report.after === null ? null : new Set(report.absent)]));
    return known.flatMap((instance) => {
      const gone = speaks.get(instance.nodeId);
      // Of another node's instance a report says nothing.
      if (gone === undefined) return [];
      const observed = seen.get(`${instance.nodeId} ${instance.id}`) ?? (gone === null || gone.has(instance.id) ? absent(instance) : null);
      return observed && !isSame(instance, observed) ? [{ instance, observed }] : [];
    });
  }

  /** One that was healthy has ended: it counts a restart, and may be healthy again before it is reported. */
  async #died(manager: EntityManager, { instance, observed }: Change): Promise<boolean> {
    if (instance.runsOnce || observed.restarts <= instance.restarts) return false;
    const { restarts, exitCode, outOfMemory, failure, lastLines } = observed;
    return this.settling.died(manager, Object.assign(new Instance(), instance, { restarts, exitCode, outOfMemory, failure, lastLines }));
  }

  async #tell(manager: EntityManager, environmentIds: ReadonlySet<string>): Promise<void> {
    for (const { deploymentId, app } of await this.rows.concerned(manager, [...environmentIds])) {
      if (deploymentId) await this.wakeUps.wake(manager, deploymentId);
      await this.notifications.notify(manager, 'changed', JSON.stringify({ topic: 'app', app }));
    }
  }
}

/** The journal ends with the deployment; what befalls its instances later is told by the instances themselves, but for a death while the release settles. */
function toldOf({ instance, observed: { observed, failure } }: Change): { deploymentId: string; event: NewDeploymentEvent }[] {
  if (observed === instance.observed || instance.isDeploymentOver) return [];
  const name = `${instance.processType}.${instance.index}`;
  const tookMs = Date.now() - instance.createdAt.getTime();
  // A clock that was set back meanwhile cannot tell.
  const after = observed === 'healthy' && tookMs >= 0 ? ` after ${tookMs} ms` : '';
  const isTroubled = observed === 'failed' || observed === 'unhealthy' || observed === 'backing_off';
  const text = failure && isTroubled ? failure.detail : `${name} is ${observed.replaceAll('_', ' ')}${after}`;
  return [{ deploymentId: instance.deploymentId, event: { kind: 'step', step: `instance.${observed}`, text, detail: { instance: instance.id, name } } }];
}

/** Of most reports nothing is left but that the agent lives. */
function isSignOfLife({ after, instances, absent: gone, routes, traffic }: ObservedNode): boolean {
  return after !== null && instances.length === 0 && gone.length === 0 && routes.length === 0 && traffic.length === 0;
}

/** What an agent does not speak of, and was told to end, is gone; one that it has not heard of yet is still to come. */
function absent(instance: KnownInstance): ObservedInstance | null {
  if (instance.desired === 'running') return null;
  const { id, restarts, exitCode, outOfMemory, failure, lastLines } = instance;
  return { id, observed: 'gone', containerId: null, address: null, restarts, exitCode, outOfMemory, startedAt: null, failure, lastLines };
}

function isSame(instance: KnownInstance, observed: ObservedInstance): boolean {
  return (
    instance.observed === observed.observed &&
    instance.containerId === observed.containerId &&
    instance.address === observed.address &&
    instance.restarts === observed.restarts &&
    instance.exitCode === observed.exitCode &&
    instance.outOfMemory === observed.outOfMemory &&
    JSON.stringify(instance.failure) === JSON.stringify(observed.failure)
  );
}
