import { Injectable } from '@nestjs/common';
import { AppError, type Session as SessionView } from '@molo/contracts';
import { DataSource, type EntityManager, In, MoreThan, Not } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import type { PositionInTime } from '../rest/page.js';
import type { Caller } from './caller.js';
import { requireWhole } from './decision.js';
import { Revocations } from './revocations.js';
import { Session } from './session.entity.js';

/** The sessions that are open, for those whose they are and for sysadmins: seen, and ended. */
@Injectable()
export class OpenSessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** Newest first, after `after`; `limit` and one more. */
  async list(userId: string | null, after: PositionInTime | null, limit: number): Promise<Session[]> {
    if (userId === null) return [];
    const query = this.dataSource.manager.createQueryBuilder(Session, 'session').where('session.user_id = :userId and session.expires_at > now()', { userId });
    if (after !== null) query.andWhere(`(date_trunc('milliseconds', session.created_at), session.id) < (:at, :id)`, after);
    return await query.orderBy(`date_trunc('milliseconds', session.created_at)`, 'DESC').addOrderBy('session.id', 'DESC').limit(limit + 1).getMany();
  }

  async endOne(id: string, caller: Caller): Promise<void> {
    refuseWeakToken(caller);
    const found = caller.userId === null ? null : await this.dataSource.manager.findOneBy(Session, { id, userId: caller.userId });
    if (!found) throw new AppError('not_found', { detail: 'You have no such session. "molo sessions" lists those that you have.' });
    await this.end([found], caller.email ?? caller.name, caller);
  }

  async endOthers(caller: Caller): Promise<void> {
    refuseWeakToken(caller);
    const { userId, sessionId } = caller;
    if (userId === null) return;
    const others = await this.dataSource.manager.findBy(Session, { userId, ...(sessionId === null ? {} : { id: Not(sessionId) }), expiresAt: MoreThan(new Date()) });
    await this.end(others, caller.email ?? caller.name, caller);
  }

  async endAllOf(userId: string, caller: Caller): Promise<void> {
    const user = await requireUser(this.dataSource.manager, userId);
    await this.end(await this.dataSource.manager.findBy(Session, { userId, expiresAt: MoreThan(new Date()) }), user, caller);
  }

  /** For a sysadmin. Throws `not_found` where there is no such user. */
  async listOf(userId: string, after: PositionInTime | null, limit: number): Promise<Session[]> {
    await requireUser(this.dataSource.manager, userId);
    return await this.list(userId, after, limit);
  }

  private async end(sessions: readonly Session[], whose: string, caller: Caller): Promise<void> {
    if (sessions.length === 0) return;
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(Session, { id: In(sessions.map(({ id }) => id)) });
      const before = sessions.map(({ id, ip, userAgent }) => ({ id, ip, userAgent }));
      await this.audit.record(manager, caller, { action: 'session.ended', target: whose, before: { sessions: before } });
      await this.revocations.announce(manager);
    });
  }
}

export function viewOf(session: Session, caller: Caller): SessionView {
  const { id, ip, userAgent, createdAt, lastSeenAt, expiresAt } = session;
  return { id, ip, userAgent, createdAt: createdAt.toISOString(), lastSeenAt: lastSeenAt.toISOString(), expiresAt: expiresAt.toISOString(), current: id === caller.sessionId };
}

/** @returns how the audit names them */
async function requireUser(manager: EntityManager, id: string): Promise<string> {
  const [user]: { email: string }[] = await manager.query('select email from users where id = $1 and email is not null', [id]);
  if (!user) throw new AppError('not_found', { detail: `There is no user ${id}. "molo users" lists those there are.` });
  return user.email;
}

/** What was given to a program with fewer rights must not sign its user out. */
function refuseWeakToken(caller: Caller): void {
  requireWhole(caller, 'This token does not have all rights, and ends no sessions.');
}
