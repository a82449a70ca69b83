import type { BuildState, Failure } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('builds')
export class Build {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') appId!: string;
  @Column('text') state!: BuildState;
  @Column('text') commitId!: string;
  @Column('text') treeId!: string;
  /** null, and its size with it, where the image was taken before the source was stored. */
  @Column('text', { nullable: true }) sourceDigest!: string | null;
  @Column('bigint', { nullable: true }) sourceBytes!: string | null;
  @Column('uuid', { nullable: true }) nodeId!: string | null;
  @Column('uuid', { nullable: true }) imageId!: string | null;
  /** The image of an earlier build of the same tree was taken. */
  @Column('boolean') reused!: boolean;
  @Column('jsonb', { nullable: true }) failure!: Failure | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { nullable: true }) finishedAt!: Date | null;
}
