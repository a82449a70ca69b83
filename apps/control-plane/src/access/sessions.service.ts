import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { Log } from '../log.js';
import type { Caller } from './caller.js';
import { Callers } from './callers.js';
import { RecentCallers } from './recent-callers.js';
import { Revocations } from './revocations.js';
import { hashSecret, randomSecret } from './secret-text.js';
import { Session } from './session.entity.js';
import type { User } from './user.entity.js';

const dayMs = 24 * 60 * 60 * 1000;
const lifetimeMs = 30 * dayMs;
/** A session is prolonged at most this often. */
const prolongAfterMs = dayMs;
const lastSeenEveryMs = 60_000;

export interface OpenSession {
  readonly id: string;
  readonly secret: string;
  readonly caller: Caller;
  readonly expiresAt: Date;
}

export interface NewSession {
  readonly secret: string;
  readonly expiresAt: Date;
}

const cleanEveryMs = 60 * 60 * 1000;

/** Sessions of browsers: the secret is in the cookie, its hash in the database. */
@Injectable()
export class SessionsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly recent = new RecentCallers<Omit<OpenSession, 'secret'>>();
  private cleaning: NodeJS.Timeout | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly callers: Callers,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
    private readonly log: Log,
  ) {
    revocations.listen(() => this.recent.forget());
  }

  onApplicationBootstrap(): void {
    this.cleaning = setInterval(() => void this.forgetExpired(), cleanEveryMs);
  }

  onModuleDestroy(): void {
    if (this.cleaning) clearInterval(this.cleaning);
  }

  async start(manager: EntityManager, user: User, from: { ip: string | null; userAgent: string | null }): Promise<NewSession> {
    const secret = randomSecret();
    const expiresAt = new Date(Date.now() + lifetimeMs);
    await manager.insert(Session, { id: randomUUID(), tokenHash: hashSecret(secret), userId: user.id, lastSeenAt: new Date(), expiresAt, ip: from.ip, userAgent: from.userAgent?.slice(0, 300) ?? null });
    return { secret, expiresAt };
  }

  /** The one session that the secrets open; null where they open none, or more than one: who set which cannot be told. */
  async find(secrets: readonly string[], ip: string | null): Promise<OpenSession | null> {
    const found = await Promise.all(secrets.map((secret) => this.open(secret, ip)));
    const [session = null, another] = found.filter((each) => each !== null);
    return another === undefined ? session : null;
  }

  private async open(secret: string, ip: string | null): Promise<OpenSession | null> {
    const hash = hashSecret(secret);
    const session = await this.recent.get(hash, () => this.read(hash, ip));
    if (session === null || session.expiresAt.getTime() <= Date.now()) return null;
    return { ...session, secret, caller: { ...session.caller, ip } };
  }

  /** Thirty days from the last use. @returns the new end, or null where it is not due yet */
  async prolong(session: OpenSession): Promise<Date | null> {
    if (session.expiresAt.getTime() - Date.now() > lifetimeMs - prolongAfterMs) return null;
    const expiresAt = new Date(Date.now() + lifetimeMs);
    await this.dataSource.manager.update(Session, { id: session.id }, { expiresAt });
    this.recent.forget();
    return expiresAt;
  }

  async end(secret: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.delete(Session, { tokenHash: hashSecret(secret) });
      if (affected) await this.audit.record(manager, caller, { action: 'session.ended', target: caller.email ?? caller.name });
      await this.revocations.announce(manager);
    });
  }

  private async forgetExpired(): Promise<void> {
    await this.dataSource.query('delete from sessions where expires_at < now()').catch((error: unknown) => this.log.warn({ err: error }, 'expired sessions could not be removed'));
  }

  private async read(hash: string, ip: string | null): Promise<Omit<OpenSession, 'secret'> | null> {
    const session = await this.dataSource.manager.findOneBy(Session, { tokenHash: hash });
    if (!session || session.expiresAt.getTime() <= Date.now()) return null;
    const user = await this.callers.userWhoComes(session.userId);
    if (!user) return null;
    this.noteUse(session, ip);
    return { id: session.id, caller: { ...(await this.callers.ofUser(user, null)), sessionId: session.id }, expiresAt: session.expiresAt };
  }

  /** Nobody waits for it, and its failure stops nobody. */
  private noteUse({ id, ip: known, lastSeenAt }: Session, ip: string | null): void {
    if (Date.now() - lastSeenAt.getTime() < lastSeenEveryMs && ip === known) return;
    this.dataSource.manager.update(Session, { id }, { lastSeenAt: new Date(), ip: ip ?? known }).catch((error: unknown) => {
      this.log.warn({ err: error }, 'when a session was last seen could not be written');
    });
  }
}
