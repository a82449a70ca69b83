import type { AppManifest, ImageLayer } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('images')
export class Image {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') appId!: string;
  /** Of its manifest in the registry; until it is there, the engine's id stands for it. */
  @Column('text') digest!: string;
  /** Whether it is in the registry: before, it is where it was made alone. */
  @Column('boolean') stored!: boolean;
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
