import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A build that takes the image of an earlier one as it begins has no source: nobody will read it. */
export class BuildsWithoutSource1764700000000 implements MigrationInterface {
  readonly name = 'BuildsWithoutSource1764700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table builds alter column source_digest drop not null, alter column source_bytes drop not null');
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
