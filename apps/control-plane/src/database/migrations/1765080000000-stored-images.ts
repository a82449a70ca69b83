import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // false while the image is only where it was made; until then its digest is the engine's id of it.
  `alter table images add column stored boolean not null default true`,
];

/** Instances start from an image while it is being stored. */
export class StoredImages1765080000000 implements MigrationInterface {
  readonly name = 'StoredImages1765080000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
