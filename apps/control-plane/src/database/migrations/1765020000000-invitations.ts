import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // a user who was invited has no password yet
  `alter table users alter column password_hash drop not null`,
  `alter table users add column disabled_at timestamptz`,
  // one for each user: a new link ends the one before
  `create table invitations (
    user_id uuid primary key references users on delete cascade, token_hash text not null unique,
    created_at timestamptz not null default now(), expires_at timestamptz not null)`,
];

/** Users who are invited, and users who are disabled. */
export class Invitations1765020000000 implements MigrationInterface {
  readonly name = 'Invitations1765020000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
