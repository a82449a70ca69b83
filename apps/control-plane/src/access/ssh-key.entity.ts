import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('ssh_keys')
export class SshKey {
  @PrimaryColumn('uuid') id!: string;
  /** null: a key of the machine's owner. */
  @Column('uuid', { nullable: true }) userId!: string | null;
  @Column('text') name!: string;
  @Column('text') type!: string;
  @Column('text') publicKey!: string;
  @Column('text') fingerprint!: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}
