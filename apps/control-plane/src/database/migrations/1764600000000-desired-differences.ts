import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // The generation of its node in which what an instance is to be changed last, its end included.
  `alter table instances add column generation bigint not null default 0`,
  `create index instances_changed on instances (node_id, generation)`,
  // The generation of the ingresses in which a route changed last. A table of its own: it is written under the lock of the
  // nodes, which comes after that of the environments.
  `create table route_changes (environment_id uuid primary key references environments on delete cascade, generation bigint not null)`,
  `create index route_changes_generation on route_changes (generation)`,
];

/** Agents are told what changed since what they have: with 10,000 apps, each route that changed sent all of them to each ingress. */
export class DesiredDifferences1764600000000 implements MigrationInterface {
  readonly name = 'DesiredDifferences1764600000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
