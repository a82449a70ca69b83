import type { NodeFigures } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('nodes')
export class Node {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
  @Column('text') tokenHash!: string;
  @Column('text', { array: true }) roles!: ('builder' | 'ingress' | 'instances')[];
  /** Of the desired set that the last report answered; a bigint, so a string. */
  @Column('bigint') appliedGeneration!: string;
  @Column('timestamptz', { nullable: true }) agentStartedAt!: Date | null;
  @Column('bigint') observedSeq!: string;
  @Column('timestamptz', { nullable: true }) lastSeenAt!: Date | null;
  @Column('jsonb', { nullable: true }) figures!: NodeFigures | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}
