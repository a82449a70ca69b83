import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `alter table images add column collected_at timestamptz, add column manifest_deleted_at timestamptz`,
  // Agents ask by the engine's own id; the rest is looked through every few minutes.
  `create index images_engine_image on images (engine_image_id)`,
  `create index images_kept on images (id) where collected_at is null`,
  `create index images_leaving on images (id) where collected_at is not null and manifest_deleted_at is null`,
  `create index builds_finished on builds (finished_at)`,
];

/** An image that no kept release uses is collected: marked first, then its manifest goes, then its bytes. */
export class CollectedImages1764400000000 implements MigrationInterface {
  readonly name = 'CollectedImages1764400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
