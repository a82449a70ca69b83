import type { Actor } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('apps')
export class App {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
  @Column('text') deployBranch!: string;
  @Column('jsonb') createdBy!: Actor;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) deletedAt!: Date | null;
}
