import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // Since when, of what moves begun since then have failed: these are not tried again by themselves.
  `alter table nodes add column availability text not null default 'active', add column availability_since timestamptz not null default now()`,
  // What is removed stays for what ran there; its name is free.
  `alter table nodes add column removed_at timestamptz, drop constraint nodes_name_key`,
  `create unique index nodes_name on nodes (name) where removed_at is null`,
  // Looked for every few seconds and at each move; nearly always there is none.
  `create index nodes_draining on nodes (id) where availability = 'draining' and removed_at is null`,
];

/** Nodes can be cordoned, drained and removed. */
export class NodeAvailability1765140000000 implements MigrationInterface {
  readonly name = 'NodeAvailability1765140000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
