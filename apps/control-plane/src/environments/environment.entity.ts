import type { Formation } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('environments')
export class Environment {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') appId!: string;
  @Column('text') name!: string;
  @Column('boolean') protected!: boolean;
  @Column('jsonb') formation!: Formation;
  /** The number of the newest release. */
  @Column('integer') releaseCount!: number;
  /** The one deployment that may change this environment now. */
  @Column('uuid', { nullable: true }) activeDeploymentId!: string | null;
  @Column('uuid', { nullable: true }) liveReleaseId!: string | null;
  /** The deployment whose instances take new requests. */
  @Column('uuid', { nullable: true }) servingDeploymentId!: string | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  /** With its app, or by itself: nothing of it is to run any more. */
  @Column('timestamptz', { nullable: true }) deletedAt!: Date | null;
}
