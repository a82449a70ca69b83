import { Injectable } from '@nestjs/common';
import type { Failure, ReleaseReason } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { WakeUps } from '../database/wake-ups.js';
import type { Instance } from '../instances/instance.entity.js';
import { Log } from '../log.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentsService } from './deployments.service.js';
import { failureOf } from './instance-failure.js';
import { Journal } from './journal.js';
import { SettlingTimes } from './settling-times.js';

/** Deployments that bring an image or a config that did not serve just before; the others have nothing to be undone. */
const watchedReasons: readonly ReleaseReason[] = ['push', 'promotion', 'config', 'rollback'];

/**
 * For a while after its switch the death of an instance is held against a release, and Molo goes back to the one before.
 * Two steps, each in one transaction: the first death is written into the deployment; then it is decided, once, what
 * becomes of it. Who dies between the two leaves the second to the next sweep.
 */
@Injectable()
export class Settling {
  readonly #times = new SettlingTimes();

  constructor(
    private readonly dataSource: DataSource,
    private readonly releases: ReleasesService,
    private readonly deployments: DeploymentsService,
    private readonly journal: Journal,
    private readonly wakeUps: WakeUps,
    private readonly log: Log,
  ) {}

  /** Whether deaths are held against what this deployment brings. */
  watches({ reason }: Pick<Deployment, 'reason'>): boolean {
    return watchedReasons.includes(reason);
  }

  /** Right after the switch. `own` are the deployment's instances: between their check and the switch nobody held a death against the release. */
  async begin(manager: EntityManager, own: readonly Instance[]): Promise<void> {
    const dead = own.find((instance) => instance.restarts > 0);
    if (dead) await this.died(manager, dead);
  }

  /**
   * An instance that was healthy ended. Writes it down where its release serves and still settles; of several deaths the first.
   * @returns whether it is now to be decided what becomes of the deployment
   */
  async died(manager: EntityManager, instance: Instance): Promise<boolean> {
    const settles = (await this.#times.look(manager)).find(({ id }) => id === instance.deploymentId);
    if (!settles || settles.isOver) return false;
    const failure = failureOf(instance).toFailure();
    const [marked]: [unknown[], number] = await manager.query(
      `update deployments d set failure = $2 where d.id = $1 and d.failure is null and d.settling_until is not null
         and exists (select 1 from environments e where e.id = d.environment_id and e.serving_deployment_id = d.id) returning d.id`,
      [instance.deploymentId, JSON.stringify(failure)],
    );
    if (marked.length === 0) return false;
    await this.#tellDeath(manager, instance, failure);
    return true;
  }

  /** What is to be decided by now: an instance died, or the settling time is over. */
  async due(): Promise<string[]> {
    const settling = await this.#times.look(this.dataSource.manager);
    return settling.filter(({ hasDied, isOver }) => hasDied || isOver).map(({ id }) => id);
  }

  /** Decides what becomes of these. One that cannot be decided now is due again. */
  async decideAll(deploymentIds: readonly string[]): Promise<void> {
    for (const id of await this.#exceptThoseWell(deploymentIds)) {
      await this.dataSource.transaction((manager) => this.#decide(manager, id)).catch((error: unknown) => {
        this.log.warn({ deploymentId: id, err: error }, 'what becomes of a deployment that settles could not be decided; tried again');
      });
    }
  }

  /** Of most nothing befell what they brought: that is said of all of them in one statement. @returns those of which it is still to be decided */
  async #exceptThoseWell(deploymentIds: readonly string[]): Promise<string[]> {
    if (deploymentIds.length === 0) return [];
    const [settled]: [{ id: string }[], number] = await this.dataSource.query(
      `with locked as (select id from deployments where id = any($1) order by id for no key update)
       update deployments d set settling_until = null from locked where d.id = locked.id and d.failure is null and d.settling_until is not null
         and not exists (select 1 from instances i where i.deployment_id = d.id and i.observed = 'unhealthy' and i.desired = 'running' and not i.runs_once and i.gone_at is null) returning d.id`,
      [deploymentIds],
    );
    const well = new Set(settled.map(({ id }) => id));
    return deploymentIds.filter((id) => !well.has(id));
  }

  async #decide(manager: EntityManager, id: string): Promise<void> {
    const deployment = await manager.findOneOrFail(Deployment, { where: { id }, lock: { mode: 'for_no_key_update' } });
    if (!deployment.settlingUntil) return;
    const { serves, isReplaced } = await this.#look(manager, deployment);
    const failure = serves ? (deployment.failure ?? (await this.#unhealthyAtTheEnd(manager, deployment))) : null;
    // A newer one takes this one's place; or it fails, and then this one is due again.
    if (failure && isReplaced) return;
    await manager.update(Deployment, { id }, { settlingUntil: null });
    if (failure) await this.#goBack(manager, deployment, failure);
  }

  /** Holds the environment, in which nothing new begins meanwhile. */
  async #look(manager: EntityManager, { id, environmentId }: Deployment): Promise<{ serves: boolean; isReplaced: boolean }> {
    await manager.query('select 1 from environments where id = $1 for no key update', [environmentId]);
    const [row]: { serves: boolean; isReplaced: boolean }[] = await manager.query(
      `select coalesce(e.serving_deployment_id = $1, false) and e.deleted_at is null as serves,
         exists (select 1 from deployments newer where newer.environment_id = e.id and newer.id <> $1 and newer.finished_at is null and not newer.needs_approval) as "isReplaced"
       from environments e where e.id = $2`,
      [id, environmentId],
    );
    return row!;
  }

  /** It passed its check and does not any more: its agent lets it run, since it may yet come up. */
  async #unhealthyAtTheEnd(manager: EntityManager, { id }: Deployment): Promise<Failure | null> {
    const [row]: { name: string }[] = await manager.query(
      `select process_type || '.' || index as name from instances
       where deployment_id = $1 and observed = 'unhealthy' and desired = 'running' and not runs_once and gone_at is null order by process_type, index limit 1`,
      [id],
    );
    if (!row) return null;
    const failure: Failure = { code: 'instance_unhealthy', detail: `${row.name} passed its health check, and no longer does. "molo logs" shows what it says.` };
    await manager.update(Deployment, { id }, { failure });
    return failure;
  }

  async #goBack(manager: EntityManager, deployment: Deployment, { detail }: Failure): Promise<void> {
    const release = await this.releases.find(manager, deployment.releaseId!);
    if (deployment.reason === 'rollback') return this.#leave(manager, deployment, 'It is a rollback itself, so Molo leaves it as it is: push again, or name a release to go back to with molo rollback.');
    const target = await this.releases.lastSettledBefore(manager, deployment.environmentId, release.number);
    if (!target) return this.#leave(manager, deployment, 'There is no earlier release that stayed up and whose image is kept, so there is nothing to roll back to: push again.');
    const undoing = await this.deployments.undo(manager, deployment, target);
    await this.journal.step(manager, deployment.id, 'settling.undone', `Rolling back to v${target.number}`, { deployment: undoing, release: target.number });
    const text = `v${release.number} did not settle: ${firstLine(detail)} Back to v${target.number}, image and config both.`;
    await this.journal.step(manager, undoing, 'settling.undoes', text, { deployment: deployment.id, release: release.number });
    await this.wakeUps.wake(manager, deployment.id);
  }

  async #leave(manager: EntityManager, { id }: Deployment, text: string): Promise<void> {
    await this.journal.step(manager, id, 'settling.left', text);
  }

  /** The stream of the deployment may have ended; who reads it later finds this behind its end. */
  async #tellDeath(manager: EntityManager, { deploymentId, processType, index, lastLines }: Instance, { detail }: Failure): Promise<void> {
    const name = `${processType}.${index}`;
    await this.journal.step(manager, deploymentId, 'settling.failed', `It did not settle: ${firstLine(detail)}`, { name });
    if (lastLines.length > 0) await this.journal.append(manager, deploymentId, { kind: 'log', source: name, text: lastLines.join('\n') });
  }
}

/** The last lines of the instance's log come below it. */
function firstLine(detail: string): string {
  return detail.split('\n', 1)[0] ?? '';
}
