import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Placing sums the memory promised on each node, which took two joins and the JSON of an image for every running instance. */
export class InstanceMemory1764300000000 implements MigrationInterface {
  readonly name = 'InstanceMemory1764300000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table instances add column memory_bytes bigint not null default 0');
    await queryRunner.query(
      `update instances i set memory_bytes = (img.manifest->'processes'->i.process_type->'resources'->>'memoryBytes')::bigint
       from releases r join images img on img.id = r.image_id
       where r.id = i.release_id and i.gone_at is null and img.manifest->'processes'->i.process_type->'resources' ? 'memoryBytes'`,
    );
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
