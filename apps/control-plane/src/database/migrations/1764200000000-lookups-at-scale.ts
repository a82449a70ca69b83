import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Measured with 10,000 apps and 100,000 deployments: without these, steps, sweeps and lists read whole tables. */
const statements = [
  `create index deployments_build on deployments (build_id)`,
  `create index deployments_environment_unfinished on deployments (environment_id) where finished_at is null`,
  `create index deployments_live on deployments (environment_id) where state = 'live'`,
  `create index environments_active on environments (active_deployment_id) where active_deployment_id is not null`,
  `create index releases_image on releases (image_id)`,
  `create index instances_environment_node on instances (environment_id, node_id)`,
  `create index observed_routes_node on observed_routes (node_id)`,
  // What pages are ordered by has the precision of a cursor's JSON, so that the index serves both.
  `alter table deployments alter column created_at type timestamptz(3)`,
  `alter table images alter column created_at type timestamptz(3)`,
  `create index images_app on images (app_id, created_at desc)`,
];

export class LookupsAtScale1764200000000 implements MigrationInterface {
  readonly name = 'LookupsAtScale1764200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
