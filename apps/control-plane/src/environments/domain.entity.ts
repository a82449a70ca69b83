import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('domains')
export class Domain {
  @PrimaryColumn('text') host!: string;
  @Column('uuid') environmentId!: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}
