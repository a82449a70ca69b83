import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // Asked for whenever a switch is looked at; nodes are many and wide, ingresses few.
  `create index nodes_ingresses on nodes (id) where 'ingress' = any(roles)`,
];

/** Ingresses are found without reading all nodes. */
export class Ingresses1765070000000 implements MigrationInterface {
  readonly name = 'Ingresses1765070000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
