import type { Failure, InstanceDesired, InstanceObserved } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('instances')
export class Instance {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') environmentId!: string;
  @Column('uuid') deploymentId!: string;
  @Column('uuid') releaseId!: string;
  @Column('uuid') nodeId!: string;
  @Column('text') processType!: string;
  @Column('integer') index!: number;
  @Column('boolean') runsOnce!: boolean;
  @Column('text', { nullable: true }) command!: string | null;
  /** Its limit, which its node has promised it; a bigint, so a string. */
  @Column('bigint') memoryBytes!: string;
  @Column('text') desired!: InstanceDesired;
  /** Takes new requests. */
  @Column('boolean') serving!: boolean;
  @Column('text') observed!: InstanceObserved;
  @Column('text', { nullable: true }) containerId!: string | null;
  @Column('text', { nullable: true }) address!: string | null;
  @Column('integer') restarts!: number;
  @Column('integer', { nullable: true }) exitCode!: number | null;
  @Column('boolean') outOfMemory!: boolean;
  /** It has been healthy once, so that what befalls it later is no failure to start. */
  @Column('boolean') wasHealthy!: boolean;
  @Column('jsonb', { nullable: true }) failure!: Failure | null;
  @Column('text', { array: true }) lastLines!: string[];
  @Column('timestamptz', { nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { nullable: true }) observedAt!: Date | null;
  /** In which what it is to be changed last; null: changed since generations were given out last. A bigint, so a string. */
  @Column('bigint', { nullable: true }) generation!: string | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) goneAt!: Date | null;
}
