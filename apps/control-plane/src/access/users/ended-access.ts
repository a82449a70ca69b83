import type { EndedAccess } from '@molo/contracts';
import type { EntityManager } from 'typeorm';

export interface EndingAccess {
  /** Goes on; null where none does. */
  readonly sessionId: string | null;
  readonly revokeTokens: boolean;
  readonly removeKeys: boolean;
}

/** Of a user whose password is another from now on: what whoever knew the old one may have got hold of with it. The caller announces it. */
export async function endAccess(manager: EntityManager, userId: string, { sessionId, revokeTokens, removeKeys }: EndingAccess): Promise<EndedAccess> {
  const names = async (statement: string): Promise<string[]> => {
    const [ended]: [{ name: string }[], number] = await manager.query(statement, [userId]);
    return ended.map(({ name }) => name).toSorted();
  };
  // Begun by them, its secret is theirs: confirmed later from a session that somebody forgot, it would shut the user out.
  await manager.query('update users set second_factor_secret = null where id = $1 and second_factor_since is null', [userId]);
  const [, sessions]: [unknown[], number] = await manager.query('delete from sessions where user_id = $1 and id is distinct from $2::uuid', [userId, sessionId]);
  return {
    sessions,
    tokens: revokeTokens ? await names('update api_tokens set revoked_at = now() where user_id = $1 and revoked_at is null returning name') : [],
    sshKeys: removeKeys ? await names('delete from ssh_keys where user_id = $1 returning name') : [],
  };
}
