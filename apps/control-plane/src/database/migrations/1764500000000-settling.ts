import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `alter table deployments add column settling_until timestamptz`,
  // A deployment that does not settle is undone once, whoever begins it.
  `alter table deployments add column undoes_deployment_id uuid unique references deployments on delete set null`,
  `create index deployments_settling on deployments (settling_until) where settling_until is not null`,
  `update images set manifest = manifest || '{"settleSeconds": 30}'`,
];

/** Releases that die soon after they went live are rolled back. */
export class Settling1764500000000 implements MigrationInterface {
  readonly name = 'Settling1764500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
