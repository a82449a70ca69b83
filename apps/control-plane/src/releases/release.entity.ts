import type { Actor, Commit, Formation, ReleaseReason } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('releases')
export class Release {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') environmentId!: string;
  @Column('integer') number!: number;
  @Column('uuid') imageId!: string;
  /** The config as it was when the release was made: a JSON object, encrypted. */
  @Column('text') configEncrypted!: string;
  @Column('text', { array: true }) configKeys!: string[];
  @Column('jsonb') formation!: Formation;
  @Column('text', { nullable: true }) version!: string | null;
  @Column('text') reason!: ReleaseReason;
  @Column('jsonb', { nullable: true }) commit!: Commit | null;
  @Column('jsonb') createdBy!: Actor;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}
