import { Injectable } from '@nestjs/common';
import { AppError, type Invitation } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { Addresses } from '../../addresses.js';
import { AuditService } from '../../audit/audit.service.js';
import { Callers } from '../callers.js';
import { hashPassword } from '../passwords.js';
import { Revocations } from '../revocations.js';
import { hashSecret, randomSecret } from '../secret-text.js';
import { SessionsService } from '../sessions.service.js';
import type { From, SignedIn } from '../sign-in.service.js';
import { User, whoIs } from '../user.entity.js';

const dayMs = 24 * 60 * 60 * 1000;

export interface Acceptance {
  readonly token: string;
  readonly name?: string | undefined;
  readonly password: string;
}

/** One-time links by which a user chooses their password: the first one, or a new one in the place of one that was lost. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly callers: Callers,
    private readonly sessions: SessionsService,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
    private readonly addresses: Addresses,
  ) {}

  /** An earlier link of the same user leads nowhere from then on. */
  async make(manager: EntityManager, userId: string, days: number): Promise<Invitation> {
    const token = randomSecret();
    const expiresAt = new Date(Date.now() + days * dayMs);
    await manager.query(
      `insert into invitations (user_id, token_hash, expires_at) values ($1, $2, $3)
       on conflict (user_id) do update set token_hash = excluded.token_hash, created_at = now(), expires_at = excluded.expires_at`,
      [userId, hashSecret(token), expiresAt],
    );
    return { link: `${this.addresses.dashboard}/invitation?token=${token}`, expiresAt: expiresAt.toISOString() };
  }

  /** Of any number who follow one link at once, one chooses. Whatever sessions the user had have ended. */
  async accept({ token, name, password }: Acceptance, from: From): Promise<SignedIn> {
    // Before the costly hash of the password: guessing links is to cost us nothing.
    const open: unknown[] = await this.dataSource.query('select 1 from invitations where token_hash = $1 and expires_at > now()', [hashSecret(token)]);
    if (open.length === 0) throw noLongerOpen();
    const passwordHash = await hashPassword(password);
    return await this.dataSource.transaction(async (manager) => {
      const user = await this.take(manager, token);
      const isFirst = user.passwordHash === null;
      Object.assign(user, { passwordHash, name: name ?? user.name });
      await manager.update(User, { id: user.id }, { passwordHash, name: user.name });
      await manager.query('delete from sessions where user_id = $1', [user.id]);
      const caller = await this.callers.ofUser(user, from.ip);
      await this.audit.record(manager, caller, { action: isFirst ? 'invitation.accepted' : 'password.reset', target: whoIs(user) });
      await this.revocations.announce(manager);
      return { caller, session: await this.sessions.start(manager, user, from) };
    });
  }

  private async take(manager: EntityManager, token: string): Promise<User> {
    const [taken]: [{ user_id: string }[], number] = await manager.query('delete from invitations where token_hash = $1 and expires_at > now() returning user_id', [hashSecret(token)]);
    const user = taken[0] && (await manager.findOne(User, { where: { id: taken[0].user_id }, lock: { mode: 'pessimistic_write' } }));
    if (!user || user.disabledAt !== null) throw noLongerOpen();
    return user;
  }
}

/** The same for links that never were, were used, replaced or too old: it tells nothing of who has an account. */
function noLongerOpen(): AppError {
  return new AppError('credentials_refused', { detail: 'This invitation link is not valid, or no longer. Ask whoever invited you for a new one.' });
}
