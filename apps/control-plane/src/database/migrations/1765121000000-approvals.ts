import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // Until somebody approves it: then it is as any other that waits for its turn, and takes its time from there on.
  `alter table deployments add column needs_approval boolean not null default false, add column approved_at timestamptz`,
  // Of each that needed one: what it is to change (sealed; null where its image alone does), and what was decided.
  `create table approvals (
    deployment_id uuid primary key references deployments on delete cascade, change_encrypted text,
    decision text, decided_by jsonb, decided_at timestamptz, word text)`,
];

/** Deployments of protected environments that wait until a sysadmin approves them. */
export class Approvals1765121000000 implements MigrationInterface {
  readonly name = 'Approvals1765121000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
