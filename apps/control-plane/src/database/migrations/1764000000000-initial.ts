import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // people and what they sign in with
  `create table users (
    id uuid primary key, email text not null, name text not null, role text not null, password_hash text not null,
    created_at timestamptz not null default now())`,
  `create unique index users_email on users (lower(email))`,
  `create table sessions (
    id uuid primary key, token_hash text not null unique, user_id uuid not null references users on delete cascade,
    created_at timestamptz not null default now(), expires_at timestamptz not null, ip text, user_agent text)`,
  `create table api_tokens (
    id uuid primary key, name text not null, token_hash text not null unique, user_id uuid references users on delete cascade,
    rights text[] not null, created_at timestamptz not null default now(), expires_at timestamptz, last_used_at timestamptz,
    revoked_at timestamptz)`,
  `create table ssh_keys (
    id uuid primary key, user_id uuid references users on delete cascade, name text not null, type text not null,
    public_key text not null, fingerprint text not null unique, created_at timestamptz not null default now())`,
  `create table claims (
    id integer primary key check (id = 1), token_hash text not null, created_at timestamptz not null default now(), used_at timestamptz)`,
  `create table audit_events (
    id bigint generated always as identity primary key, at timestamptz not null default now(), actor_kind text not null,
    actor_name text not null, actor_user_id uuid, ip text, action text not null, target text not null, before jsonb, after jsonb)`,
  `create table idempotency_keys (
    key text not null, caller text not null, request_hash text not null, status integer, response jsonb,
    created_at timestamptz not null default now(), primary key (caller, key))`,

  // apps and their environments
  `create table apps (
    id uuid primary key, name text not null, deploy_branch text not null, created_by jsonb not null,
    created_at timestamptz not null default now(), deleted_at timestamptz)`,
  `create unique index apps_name on apps (name) where deleted_at is null`,
  `create table environments (
    id uuid primary key, app_id uuid not null references apps on delete cascade, name text not null, protected boolean not null default false,
    formation jsonb not null default '{}', release_count integer not null default 0,
    active_deployment_id uuid, live_release_id uuid, serving_deployment_id uuid,
    created_at timestamptz not null default now(), unique (app_id, name))`,
  `create table config_vars (
    environment_id uuid not null references environments on delete cascade, key text not null, value_encrypted text not null,
    secret boolean not null, updated_at timestamptz not null default now(), primary key (environment_id, key))`,
  `create table domains (
    host text primary key, environment_id uuid not null references environments on delete cascade,
    created_at timestamptz not null default now())`,
  `create index domains_environment on domains (environment_id)`,

  // nodes
  `create table nodes (
    id uuid primary key, name text not null unique, token_hash text not null unique, roles text[] not null,
    generation bigint not null default 0, applied_generation bigint not null default 0,
    agent_started_at timestamptz, observed_seq bigint not null default 0, last_seen_at timestamptz, figures jsonb,
    created_at timestamptz not null default now())`,
  `create table stacks (
    node_id uuid not null references nodes on delete cascade, name text not null, digest text not null, image_id text not null,
    bytes bigint not null, packages text[] not null, reported_at timestamptz not null default now(), primary key (node_id, name))`,

  // source to image
  `create table builds (
    id uuid primary key, app_id uuid not null references apps on delete cascade, state text not null,
    commit_id text not null, tree_id text not null, source_digest text not null, source_bytes bigint not null,
    node_id uuid references nodes on delete set null, image_id uuid, reused boolean not null default false,
    failure jsonb, created_at timestamptz not null default now(), started_at timestamptz, finished_at timestamptz)`,
  `create index builds_unfinished on builds (state) where state in ('queued', 'building', 'pushing')`,
  `create table images (
    id uuid primary key, app_id uuid not null references apps on delete cascade, digest text not null, engine_image_id text not null,
    tree_id text not null, stack_digest text, bytes bigint not null, layers jsonb not null, manifest jsonb not null,
    created_at timestamptz not null default now(), unique (app_id, digest))`,
  `create index images_tree on images (app_id, tree_id)`,

  // releases and their deployments
  `create table releases (
    id uuid primary key, environment_id uuid not null references environments on delete cascade, number integer not null,
    image_id uuid not null references images, config_encrypted text not null, config_keys text[] not null, formation jsonb not null,
    version text, reason text not null, commit jsonb, created_by jsonb not null, created_at timestamptz not null default now(),
    unique (environment_id, number))`,
  `create table deployments (
    id uuid primary key, environment_id uuid not null references environments on delete cascade, state text not null,
    reason text not null, release_id uuid references releases, build_id uuid references builds, commit jsonb, version_tag text,
    source_release_id uuid references releases, git_ref text, git_old text, git_new text, actor jsonb not null, failure jsonb, receipt jsonb,
    cancel_requested_at timestamptz, event_seq bigint not null default 0, attempts integer not null default 0,
    created_at timestamptz not null default now(), started_at timestamptz, state_since timestamptz not null default now(), finished_at timestamptz)`,
  `create index deployments_environment on deployments (environment_id, created_at desc)`,
  `create index deployments_release on deployments (release_id)`,
  `create index deployments_unfinished on deployments (state) where finished_at is null`,
  `create table deployment_events (
    deployment_id uuid not null references deployments on delete cascade, seq bigint not null, at timestamptz not null,
    kind text not null, data jsonb not null, dedupe_key text, primary key (deployment_id, seq))`,
  `create unique index deployment_events_dedupe on deployment_events (deployment_id, dedupe_key) where dedupe_key is not null`,

  // what runs where
  `create table instances (
    id uuid primary key, environment_id uuid not null references environments on delete cascade,
    deployment_id uuid not null references deployments on delete cascade, release_id uuid not null references releases,
    node_id uuid not null references nodes, process_type text not null, index integer not null, runs_once boolean not null,
    command text, desired text not null, serving boolean not null default false,
    observed text not null default 'pending', container_id text, address text, restarts integer not null default 0,
    exit_code integer, out_of_memory boolean not null default false, was_healthy boolean not null default false,
    failure jsonb, last_lines text[] not null default '{}',
    started_at timestamptz, observed_at timestamptz, created_at timestamptz not null default now(), gone_at timestamptz,
    unique (deployment_id, process_type, index))`,
  `create index instances_here on instances (node_id) where gone_at is null`,
  `create index instances_environment on instances (environment_id) where gone_at is null`,
  `create table traffic_counts (
    deployment_id uuid not null references deployments on delete cascade, node_id uuid not null references nodes on delete cascade,
    counts jsonb not null, primary key (deployment_id, node_id))`,
  `create table observed_routes (
    environment_id uuid not null references environments on delete cascade, node_id uuid not null references nodes on delete cascade,
    serving uuid[] not null, draining integer not null, failure jsonb, generation bigint not null,
    observed_at timestamptz not null default now(), primary key (environment_id, node_id))`,

  // work to be queued, written in the transaction of the facts that call for it
  `create table outbox (
    id bigint generated always as identity primary key, job text not null, data jsonb not null,
    created_at timestamptz not null default now())`,
];

export class Initial1764000000000 implements MigrationInterface {
  readonly name = 'Initial1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
