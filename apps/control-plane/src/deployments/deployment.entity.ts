import type { Actor, Commit, DeploymentState, Failure, Receipt, ReleaseReason } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('deployments')
export class Deployment {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') environmentId!: string;
  @Column('text') state!: DeploymentState;
  @Column('text') reason!: ReleaseReason;
  /** null until the build has made an image. */
  @Column('uuid', { nullable: true }) releaseId!: string | null;
  @Column('uuid', { nullable: true }) buildId!: string | null;
  @Column('jsonb', { nullable: true }) commit!: Commit | null;
  /** Version named by a git tag on the commit. */
  @Column('text', { nullable: true }) versionTag!: string | null;
  /** The release whose image a deployment without a build takes; null: that of the live one. */
  @Column('uuid', { nullable: true }) sourceReleaseId!: string | null;
  /** The ref that moves from `gitOld` to `gitNew` when this is live. */
  @Column('text', { nullable: true }) gitRef!: string | null;
  @Column('text', { nullable: true }) gitOld!: string | null;
  @Column('text', { nullable: true }) gitNew!: string | null;
  @Column('jsonb') actor!: Actor;
  /** Why it failed; of one that went live: how an instance died while the release settled. */
  @Column('jsonb', { nullable: true }) failure!: Failure | null;
  @Column('jsonb', { nullable: true }) receipt!: Receipt | null;
  /** Until then the death of an instance is held against the release; null: it has not switched, or what became of it is decided. */
  @Column('timestamptz', { nullable: true }) settlingUntil!: Date | null;
  /** Of a rollback that Molo itself began: the deployment that did not settle. */
  @Column('uuid', { nullable: true }) undoesDeploymentId!: string | null;
  @Column('timestamptz', { nullable: true }) cancelRequestedAt!: Date | null;
  /** Until it is approved it takes no turn. */
  @Column('boolean') needsApproval!: boolean;
  @Column('timestamptz', { nullable: true }) approvedAt!: Date | null;
  @Column('bigint') eventSeq!: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) startedAt!: Date | null;
  @Column('timestamptz') stateSince!: Date;
  @Column('timestamptz', { nullable: true }) finishedAt!: Date | null;
}

/** The deployment as it is once it has moved. */
export function movedTo(deployment: Deployment, state: DeploymentState, facts: Partial<Deployment> = {}): Deployment {
  return Object.assign(new Deployment(), deployment, facts, { state });
}

/** In SQL: what makes a row of `deployments` under this name a Deployment, for statements that read it beside other things. */
export function deploymentColumns(name: string): string {
  return columns.map(([column, field]) => `${name}.${column} as "${field}"`).join(', ');
}

const columns = [
  ['id', 'id'], ['environment_id', 'environmentId'], ['state', 'state'], ['reason', 'reason'], ['release_id', 'releaseId'], ['build_id', 'buildId'], ['commit', 'commit'],
  ['version_tag', 'versionTag'], ['source_release_id', 'sourceReleaseId'], ['git_ref', 'gitRef'], ['git_old', 'gitOld'], ['git_new', 'gitNew'], ['actor', 'actor'],
  ['failure', 'failure'], ['receipt', 'receipt'], ['settling_until', 'settlingUntil'], ['undoes_deployment_id', 'undoesDeploymentId'], ['cancel_requested_at', 'cancelRequestedAt'], ['needs_approval', 'needsApproval'], ['approved_at', 'approvedAt'],
  ['event_seq', 'eventSeq'], ['created_at', 'createdAt'], ['started_at', 'startedAt'], ['state_since', 'stateSince'], ['finished_at', 'finishedAt'],
] as const satisfies readonly (readonly [string, keyof Deployment])[];
