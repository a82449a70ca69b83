import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // With its app, or by itself. Its releases and deployments stay for the audit; its name is free.
  `alter table environments add column deleted_at timestamptz`,
  `update environments e set deleted_at = a.deleted_at from apps a where a.id = e.app_id and a.deleted_at is not null`,
  `alter table environments drop constraint environments_app_id_name_key`,
  `create unique index environments_name on environments (app_id, name) where deleted_at is null`,
  // Also those that were removed: what of an app is asked for by its id.
  `create index environments_app on environments (app_id)`,
];

/** Environments that can be removed while their app stays. */
export class EnvironmentsRemoved1765120000000 implements MigrationInterface {
  readonly name = 'EnvironmentsRemoved1765120000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
