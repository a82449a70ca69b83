import { Injectable } from '@nestjs/common';
import { type Actor, AppError, type Deployment as DeploymentView, type DeploymentChanges as ChangesView, runDeployment } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { actorOf, type Caller } from '../access/caller.js';
import { AuditService } from '../audit/audit.service.js';
import { Course, stepOf } from '../deployments/course.js';
import { Deployment } from '../deployments/deployment.entity.js';
import { DeploymentMover } from '../deployments/deployment-mover.js';
import { DeploymentViews } from '../deployments/deployment-views.js';
import { Journal } from '../deployments/journal.js';
import { Turn } from '../deployments/turn.js';
import { ConfigSnapshots } from '../environments/config-snapshots.js';
import { Environment } from '../environments/environment.entity.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { ReleasesService } from '../releases/releases.service.js';
import { type Compared, DeploymentChanges } from './deployment-changes.js';
import { HeldChanges } from './held-changes.js';

export interface Decided {
  readonly word: string | null;
  /** Of the changes that were looked at; null where they were not. */
  readonly version: string | null;
}

interface Decision {
  readonly decision: 'approved' | 'declined' | null;
  readonly by: Actor | null;
}

/**
 * Decides on deployments of protected environments. A decision is one transaction: the state, what it changes of the
 * environment, the journal, the audit and the job. Of two that decide at once the second finds it decided.
 */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly held: HeldChanges,
    private readonly changes: DeploymentChanges,
    private readonly snapshots: ConfigSnapshots,
    private readonly releases: ReleasesService,
    private readonly mover: DeploymentMover,
    private readonly turn: Turn,
    private readonly journal: Journal,
    private readonly outbox: OutboxService,
    private readonly audit: AuditService,
    private readonly views: DeploymentViews,
  ) {}

  /** From here on it is as any other that waits for its turn. */
  async approve(id: string, { word, version }: Decided, caller: Caller): Promise<DeploymentView> {
    await this.dataSource.transaction(async (manager) => {
      const deployment = await this.#hold(manager, id, caller);
      const { environmentId, reason } = deployment;
      const seen = await this.changes.compare(manager, deployment);
      if (version !== null && version !== seen.version) throw new AppError('conflict', { detail: 'What it would change is no longer what you looked at. Look at it again, then decide.' });
      await this.#apply(manager, deployment, seen, caller);
      await manager.query('update deployments set needs_approval = false, approved_at = clock_timestamp() where id = $1', [id]);
      await this.#write(manager, id, 'approved', word, caller);
      await this.journal.step(manager, id, 'approval.given', `Approved by ${caller.name}${said(word)}`, { by: caller.name, word });
      await this.turn.supersedeWaiting(manager, environmentId, id, { reason, isApproved: true, isUndo: false });
      await this.outbox.add(manager, runDeployment, { deploymentId: id });
      const { live, image, commit, config, formation } = seen;
      await this.audit.record(manager, caller, {
        action: 'deployment.approved',
        target: id,
        environmentId,
        before: { release: live?.number ?? null, image: image.before, commit: commit.before?.id ?? null, formation: Object.fromEntries(formation.map(({ processType, before }) => [processType, before])) },
        after: { reason, word, image: image.after, commit: commit.after?.id ?? null, formation: Object.fromEntries(formation.map(({ processType, after }) => [processType, after])), config: config.map(({ key, kind }) => `${key} ${kind}`) },
      });
    });
    return this.views.one(id);
  }

  /** It ends as one that was cancelled does. */
  async decline(id: string, { word }: Pick<Decided, 'word'>, caller: Caller): Promise<DeploymentView> {
    await this.dataSource.transaction(async (manager) => {
      const { environmentId, state } = await this.#hold(manager, id, caller);
      await this.#write(manager, id, 'declined', word, caller);
      const failure = new AppError('deployment_declined', { detail: `${caller.name} declined it${said(word)}` }).toFailure();
      await this.mover.follow(manager, id, Course.from('awaiting_approval').tell(stepOf('approval.declined', `Declined by ${caller.name}${said(word)}`, { by: caller.name, word })).to('cancelled', failure), { failure });
      await this.audit.record(manager, caller, { action: 'deployment.declined', target: id, environmentId, before: { state }, after: { state: 'cancelled', word } });
    });
    return this.views.one(id);
  }

  async changesOf(id: string): Promise<ChangesView> {
    const deployment = await this.dataSource.manager.findOneBy(Deployment, { id });
    if (!deployment) throw noSuchDeployment(id);
    if (!deployment.needsApproval || deployment.finishedAt !== null) throw await this.#decided(this.dataSource.manager, deployment);
    return await this.changes.of(deployment);
  }

  /** The environment, then the deployment, as a turn has them. Throws unless it is to be decided on, by this caller. */
  async #hold(manager: EntityManager, id: string, caller: Caller): Promise<Deployment> {
    await requireSysadminStill(manager, caller);
    const [environment]: { deleted: boolean }[] = await manager.query('select deleted_at is not null as deleted from environments where id = (select environment_id from deployments where id = $1) for no key update', [id]);
    const deployment = await manager.findOne(Deployment, { where: { id }, lock: { mode: 'for_no_key_update' } });
    if (!deployment) throw noSuchDeployment(id);
    if (!deployment.needsApproval || deployment.finishedAt !== null) throw await this.#decided(manager, deployment);
    if (environment!.deleted) throw new AppError('not_found', { detail: 'Its environment was removed.' });
    if (deployment.state !== 'awaiting_approval') throw new AppError('conflict', { detail: 'It is still being built. Decide once it waits for approval; "molo cancel" ends it before.' });
    return deployment;
  }

  async #apply(manager: EntityManager, deployment: Deployment, seen: Compared, caller: Caller): Promise<void> {
    const environment = await manager.findOneByOrFail(Environment, { id: deployment.environmentId });
    const change = await this.held.read(manager, deployment);
    await this.held.apply(manager, environment, change);
    if (deployment.reason === 'rollback' && deployment.sourceReleaseId !== null) {
      await this.snapshots.restore(manager, environment.id, this.releases.configOf(await this.releases.find(manager, deployment.sourceReleaseId)));
    }
    // Of these two the environment itself is changed, and told as where nobody has to approve it.
    const [named]: { target: string }[] = await manager.query(`select a.name || '/' || e.name as target from environments e join apps a on a.id = e.app_id where e.id = $1`, [environment.id]);
    const about = { target: named!.target, environmentId: environment.id };
    if (change.config) await this.audit.record(manager, caller, { action: 'config.changed', ...about, before: masked(seen, 'before'), after: masked(seen, 'after') });
    if (change.formation) await this.audit.record(manager, caller, { action: 'formation.changed', ...about, before: environment.formation, after: { ...environment.formation, ...change.formation } });
  }

  /** What it held is in the environment by now, or nowhere. */
  async #write(manager: EntityManager, id: string, decision: Decision['decision'], word: string | null, caller: Caller): Promise<void> {
    await manager.query('update approvals set decision = $2, decided_by = $3, decided_at = clock_timestamp(), word = $4, change_encrypted = null where deployment_id = $1', [id, decision, JSON.stringify(actorOf(caller)), word]);
  }

  async #decided(manager: EntityManager, { id, state }: Deployment): Promise<AppError> {
    const [row]: Decision[] = await manager.query('select decision, decided_by as "by" from approvals where deployment_id = $1', [id]);
    if (!row) return new AppError('conflict', { detail: `The deployment is ${state.replaceAll('_', ' ')}, and needs no approval.` });
    if (row.decision === null) return new AppError('conflict', { detail: `The deployment is ${state} by now, and nothing is left to decide.` });
    return new AppError('conflict', { detail: `It was ${row.decision} by ${row.by?.name ?? 'somebody'} already.` });
  }
}

/** The role may have been taken away since the request came in: until this ends, it is not. */
async function requireSysadminStill(manager: EntityManager, { userId }: Caller): Promise<void> {
  if (userId === null) return;
  const [still]: unknown[] = await manager.query(`select 1 from users where id = $1 and role = 'sysadmin' and disabled_at is null for share`, [userId]);
  if (!still) throw new AppError('forbidden', { detail: 'This needs the right to administer. Ask a sysadmin, or use a token that has it.' });
}

function noSuchDeployment(id: string): AppError {
  return new AppError('not_found', { detail: `There is no deployment ${id}. "molo deployments" lists those there are.` });
}

function said(word: string | null): string {
  return word === null ? '.' : `: ${word}`;
}

/** Whether each key is there, and as what; never its value. */
function masked({ config }: Compared, side: 'before' | 'after'): Record<string, string | null> {
  const isThere = { added: side === 'after', removed: side === 'before', changed: true };
  return Object.fromEntries(config.map(({ key, kind, secret }) => [key, isThere[kind] ? (secret ? '(secret)' : '(hidden)') : null]));
}
