import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // One row: the generation of the newest change of what any node is to be. That of each node, in the node's own row, is used no more.
  `create table desired_generation (id integer primary key check (id = 1), generation bigint not null)`,
  `insert into desired_generation select 1, coalesce(max(generation), 0) from nodes`,
  // null: changed since generations were given out last.
  `alter table instances alter column generation drop not null, alter column generation drop default`,
  `create index instances_to_stamp on instances (id) where generation is null`,
  `alter table route_changes alter column generation drop not null`,
  `create index route_changes_to_stamp on route_changes (environment_id) where generation is null`,
  // Placing sums up what runs on each node, and the list of nodes counts it.
  `create index instances_running on instances (node_id, environment_id, process_type, runs_once, memory_bytes) where gone_at is null and desired = 'running'`,
];

/** Raised within transactions, the generations of nodes made all changes of routes wait for each other, and reports for both. */
export class GenerationsAfterCommit1764800000000 implements MigrationInterface {
  readonly name = 'GenerationsAfterCommit1764800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
