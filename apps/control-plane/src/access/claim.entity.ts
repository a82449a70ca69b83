import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('claims')
export class Claim {
  @PrimaryColumn('integer') id!: number;
  @Column('text') tokenHash!: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) usedAt!: Date | null;
}
