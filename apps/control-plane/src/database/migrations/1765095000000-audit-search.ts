import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What stands between words: white space and the punctuation of ASCII. Letters are of any script. */
const between = '[\\s!-/:-@[-`{-~]+';

/*
 * Words as they stand, in no language: what is looked for are names, keys and addresses. Long texts are searched by their
 * beginning, so that no change is ever refused for being too long to search.
 */
const search = [
  `create function audit_words(text) returns tsvector language sql immutable strict parallel safe as $$
     select array_to_tsvector(array(select distinct left(word, 100) from regexp_split_to_table(lower(left($1, 100000)), '${between}') word where word <> '')) $$`,
  `create function audit_query(text) returns tsquery language sql immutable strict parallel safe as $$
     select coalesce(string_agg('''' || left(word, 100) || ''':*', ' & '), '')::tsquery from regexp_split_to_table(lower($1), '${between}') word where word <> '' $$`,
  // Kept in the row: worked out again for each row that a search looks at, it took longer than the rest of the search.
  `alter table audit_events add column words tsvector generated always as (audit_words(
     actor_name || ' ' || action || ' ' || target || ' ' || coalesce(ip, '') || ' ' || coalesce(before::text, '') || ' ' || coalesce(after::text, ''))) stored`,
  `create index audit_events_words on audit_events using gin (words)`,
];

const filters = [
  `create index audit_events_actor on audit_events (lower(actor_name), id)`,
  `create index audit_events_actor_user on audit_events (actor_user_id, id) where actor_user_id is not null`,
  `create index audit_events_action on audit_events (action text_pattern_ops, id)`,
  `create index audit_events_target on audit_events (target text_pattern_ops, id)`,
  `create index audit_events_ip on audit_events (ip, id) where ip is not null`,
  `create index audit_events_at on audit_events (at, id)`,
];

/** Also for whoever has made the session a replica, which ordinary triggers leave alone. */
const keeping = [
  `create function refuse_audit_change() returns trigger language plpgsql as $$
     begin raise exception 'audit events are neither changed nor removed (% refused)', tg_op using errcode = 'insufficient_privilege'; end $$`,
  `create trigger audit_events_are_kept before update or delete or truncate on audit_events for each statement execute function refuse_audit_change()`,
  `alter table audit_events enable always trigger audit_events_are_kept`,
];

/** The audit is found by whatever one knows of it, and the database itself refuses to change it. */
export class AuditSearch1765095000000 implements MigrationInterface {
  readonly name = 'AuditSearch1765095000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...search, ...filters, ...keeping]) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward.');
  }
}
