import type { TokenRight } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('api_tokens')
export class ApiToken {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
  @Column('text') tokenHash!: string;
  /** null: a token of the machine's owner. */
  @Column('uuid', { nullable: true }) userId!: string | null;
  @Column('text', { array: true }) rights!: TokenRight[];
  /** The apps that it is limited to; null where it is not. */
  @Column('uuid', { array: true, nullable: true }) appIds!: string[] | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) expiresAt!: Date | null;
  @Column('timestamptz', { nullable: true }) lastUsedAt!: Date | null;
  @Column('timestamptz', { nullable: true }) revokedAt!: Date | null;
}
