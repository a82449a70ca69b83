import type { AppManifest, ImageLayer } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('images')
export class Image {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') appId!: string;
  @Column('text') digest!: string;
  /** The engine's own id of the image (its config digest). */
  @Column('text') engineImageId!: string;
  @Column('text') treeId!: string;
  @Column('text', { nullable: true }) stackDigest!: string | null;
  @Column('bigint') bytes!: string;
  @Column('jsonb') layers!: ImageLayer[];
  @Column('jsonb') manifest!: AppManifest;
  /** Nobody needs it any more: its bytes go, its row stays for the releases that were made of it. */
  @Column('timestamptz', { nullable: true }) collectedAt!: Date | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}
