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
  @Column('bigint') eventSeq!: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) startedAt!: Date | null;
  @Column('timestamptz') stateSince!: Date;
  @Column('timestamptz', { nullable: true }) finishedAt!: Date | null;
}
