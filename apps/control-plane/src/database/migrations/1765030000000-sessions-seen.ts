import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a session was last seen, and the sessions of a user by index. */
export class SessionsSeen1765030000000 implements MigrationInterface {
  readonly name = 'SessionsSeen1765030000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`alter table sessions add column last_seen_at timestamptz not null default now()`);
    await queryRunner.query(`create index sessions_user on sessions (user_id)`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
