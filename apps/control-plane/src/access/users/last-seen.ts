import type { EntityManager } from 'typeorm';

/** When each of the users was last seen, by a session or an API token that they still have. Who has none that was used is not there. */
export async function lastSeenOf(manager: EntityManager, userIds: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const rows: { userId: string; at: Date }[] = await manager.query(
    `select user_id as "userId", max(at) as at from (
       select user_id, last_seen_at as at from sessions where user_id = any($1) and expires_at > now()
       union all select user_id, last_used_at from api_tokens where user_id = any($1) and revoked_at is null
     ) as uses where at is not null group by user_id`,
    [userIds],
  );
  return new Map(rows.map(({ userId, at }) => [userId, at]));
}
