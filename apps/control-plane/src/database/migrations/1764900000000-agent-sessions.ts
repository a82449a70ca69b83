import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Agents of one node are told apart by sessions, not by when they started: a clock may be set. `agent_started_at` is read no longer. */
export class AgentSessions1764900000000 implements MigrationInterface {
  readonly name = 'AgentSessions1764900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`alter table nodes add column agent_sessions uuid[] not null default '{}'`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
