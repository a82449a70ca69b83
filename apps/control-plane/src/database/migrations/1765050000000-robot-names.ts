import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each app names its robots as it likes: another app's `ci` is in nobody's way, and is not told of. */
export class RobotNames1765050000000 implements MigrationInterface {
  readonly name = 'RobotNames1765050000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`drop index users_robot`);
    await queryRunner.query(`create unique index users_robot on users (lower(name), coalesce(app_id, '00000000-0000-0000-0000-000000000000')) where kind = 'robot'`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
