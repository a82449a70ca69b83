import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `alter table users add column last_seen_at timestamptz`,
  `update users u set last_seen_at = seen.at from (
     select user_id, max(at) as at from (select user_id, last_seen_at as at from sessions union all select user_id, last_used_at from api_tokens) uses group by user_id
   ) seen where seen.user_id = u.id`,
];

/** When a user was last seen outlives the session, token or key that they came with. */
export class UsersSeen1765090000000 implements MigrationInterface {
  readonly name = 'UsersSeen1765090000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
