import type { Role } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('users')
export class User {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') kind!: 'person' | 'robot';
  /** null for robots. */
  @Column('text', { nullable: true }) email!: string | null;
  @Column('text') name!: string;
  @Column('text') role!: Role;
  /** null for robots, and for one who was invited and has chosen none yet. */
  @Column('text', { nullable: true }) passwordHash!: string | null;
  @Column('timestamptz', { nullable: true }) disabledAt!: Date | null;
  /** Sealed, for the codes of an authenticator app; it counts once it was confirmed. null where there is none. */
  @Column('text', { nullable: true }) secondFactorSecret!: string | null;
  /** When it was confirmed: signing in with the password takes a code from then on. */
  @Column('timestamptz', { nullable: true }) secondFactorSince!: Date | null;
  /** With a session, a token or an SSH key, to within a minute. */
  @Column('timestamptz', { nullable: true }) lastSeenAt!: Date | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
}

/** How the audit and messages name a user. Robots have no e-mail address. */
export function whoIs({ email, name }: Pick<User, 'email' | 'name'>): string {
  return email ?? `robot ${name}`;
}
