import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create table teams (id uuid primary key, name text not null unique, created_at timestamptz not null default now())`,
  `create table team_members (
    team_id uuid not null references teams on delete cascade, user_id uuid not null references users on delete cascade,
    since timestamptz not null default now(), primary key (team_id, user_id))`,
  `create index team_members_user on team_members (user_id)`,
  // who has a role on an app: a user, or a team and so each of its users
  `create table app_members (
    id uuid primary key, app_id uuid not null references apps on delete cascade,
    user_id uuid references users on delete cascade, team_id uuid references teams on delete cascade,
    role text not null, since timestamptz not null default now(),
    check (num_nonnulls(user_id, team_id) = 1), unique (app_id, user_id), unique (app_id, team_id))`,
  `create index app_members_user on app_members (user_id)`,
  `create index app_members_team on app_members (team_id)`,
  // whose admins may read of it; of what was done before, sysadmins alone
  `alter table audit_events add column app_id uuid`,
  `create index audit_events_app on audit_events (app_id, id)`,
];

/** Roles on single apps, for users and for teams, and whose app an audit event is about. */
export class AppMembers1765010000000 implements MigrationInterface {
  readonly name = 'AppMembers1765010000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
