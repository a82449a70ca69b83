import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Nothing ever wrote it. */
export class DropDeploymentAttempts1764100000000 implements MigrationInterface {
  readonly name = 'DropDeploymentAttempts1764100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table deployments drop column attempts');
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
