import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `alter table api_tokens add column app_ids uuid[]`,
  `alter table users add column kind text not null default 'person'`,
  `alter table users alter column email drop not null`,
  `alter table users add column app_id uuid references apps on delete cascade`,
  `create unique index users_robot on users (lower(name)) where kind = 'robot'`,
  `create index users_app on users (app_id) where app_id is not null`,
];

/** Tokens that are limited to some apps; users that are robots, of an app or of the platform. */
export class Robots1765040000000 implements MigrationInterface {
  readonly name = 'Robots1765040000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
