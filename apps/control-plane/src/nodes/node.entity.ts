import type { NodeAvailability, NodeFigures } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('nodes')
export class Node {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
  @Column('text') tokenHash!: string;
  @Column('text') availability!: NodeAvailability;
  @Column('text', { array: true }) roles!: ('builder' | 'ingress' | 'instances')[];
  /** Of the desired set that the last report answered; a bigint, so a string. */
  @Column('bigint') appliedGeneration!: string;
  /** Sessions of its agents that reports came from, the newest first. */
  @Column('uuid', { array: true }) agentSessions!: string[];
  @Column('bigint') observedSeq!: string;
  @Column('timestamptz', { nullable: true }) lastSeenAt!: Date | null;
  @Column('jsonb', { nullable: true }) figures!: NodeFigures | null;
  @Column('timestamptz', { nullable: true }) removedAt!: Date | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}
