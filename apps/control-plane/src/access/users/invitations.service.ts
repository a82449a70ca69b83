import { Injectable } from '@nestjs/common';
import { AppError, type Invitation } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { Addresses } from '../../addresses.js';
import { AuditService } from '../../audit/audit.service.js';
import { Attempts } from '../attempts.js';
import { anonymous, type Caller } from '../caller.js';
import { Callers } from '../callers.js';
import { hashPassword } from '../passwords.js';
import { Revocations } from '../revocations.js';
import { type AcceptedCode, codeRefused, codeRequired, SecondFactorCodes } from '../second-factor/second-factor-codes.js';
import { hashSecret, randomSecret } from '../secret-text.js';
import { SessionsService } from '../sessions.service.js';
import type { From, SignedIn } from '../sign-in.service.js';
import { User, whoIs } from '../user.entity.js';
import { endAccess } from './ended-access.js';

const dayMs = 24 * 60 * 60 * 1000;

export interface Acceptance {
  readonly token: string;
  readonly name?: string | undefined;
  readonly password: string;
  /** Looked at only for a user who has a second factor. */
  readonly code?: string | undefined;
}

/** One-time links by which a user chooses their password: the first one, or a new one in the place of one that was lost. */
@Injectable()
export class InvitationsService {
  /** By the link: who has it and no code must not have a hash and a line of the audit for each that they make up. */
  private readonly guesses = new Attempts(10, 5 * 60_000);

  constructor(
    private readonly dataSource: DataSource,
    private readonly callers: Callers,
    private readonly codes: SecondFactorCodes,
    private readonly sessions: SessionsService,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
    private readonly addresses: Addresses,
  ) {}

  /** An earlier link of the same user leads nowhere from then on. The caller holds the lock of changes to users. */
  async make(manager: EntityManager, userId: string, days: number, caller: Caller): Promise<Invitation> {
    await this.refuseWhoMayNoLonger(manager, caller);
    const token = randomSecret();
    const expiresAt = new Date(Date.now() + days * dayMs);
    await manager.query(
      `insert into invitations (user_id, token_hash, expires_at, made_by) values ($1, $2, $3, $4)
       on conflict (user_id) do update set token_hash = excluded.token_hash, created_at = now(), expires_at = excluded.expires_at, made_by = excluded.made_by`,
      [userId, hashSecret(token), expiresAt, caller.userId],
    );
    return { link: `${this.addresses.dashboard}/invitation?token=${token}`, expiresAt: expiresAt.toISOString() };
  }

  /** The links that a sysadmin made, who is none any more: they know them, and who follows one signs in. */
  async withdrawMadeBy(manager: EntityManager, userId: string): Promise<void> {
    await manager.query('delete from invitations where made_by = $1', [userId]);
  }

  /** The link of a user who can do without, or is not to have it. */
  async withdrawOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.query('delete from invitations where user_id = $1', [userId]);
  }

  /**
   * Of any number who follow one link at once, one chooses. Whatever the user could come in with before has ended: who has lost a
   * password may have lost it to somebody. A second factor stays, and is asked for: the link stands in the place of the password.
   */
  async accept({ token, name, password, code }: Acceptance, from: From): Promise<SignedIn> {
    // Before the costly hash of the password: guessing links is to cost us nothing.
    const open: unknown[] = await this.dataSource.query('select 1 from invitations where token_hash = $1 and expires_at > now()', [hashSecret(token)]);
    if (open.length === 0) throw noLongerOpen();
    this.guesses.take(hashSecret(token));
    const passwordHash = await hashPassword(password);
    const signedIn = await this.dataSource.transaction(async (manager) => {
      const user = await this.lock(manager, token);
      const accepted = await this.prove(manager, user, code, from);
      // Committed, so that it is in the audit; the link stays.
      if (accepted === null) return null;
      await this.useUp(manager, token);
      const isFirst = user.passwordHash === null;
      Object.assign(user, { passwordHash, name: name ?? user.name });
      await manager.update(User, { id: user.id }, { passwordHash, name: user.name });
      const ended = await endAccess(manager, user.id, { sessionId: null, revokeTokens: true, removeKeys: true });
      const caller = await this.callers.ofUser(user, from.ip);
      await this.audit.record(manager, caller, { action: isFirst ? 'invitation.accepted' : 'password.reset', target: whoIs(user), after: isFirst ? undefined : { ended, ...accepted } });
      await this.revocations.announce(manager);
      return { caller, session: await this.sessions.start(manager, user, from) };
    });
    if (signedIn === null) throw codeRefused();
    return signedIn;
  }

  /** One who was a sysadmin when they asked, and is none by the time that it is their turn. */
  private async refuseWhoMayNoLonger(manager: EntityManager, { userId }: Caller): Promise<void> {
    if (userId === null) return;
    const still: unknown[] = await manager.query(`select 1 from users where id = $1 and role = 'sysadmin' and disabled_at is null for key share`, [userId]);
    if (still.length === 0) throw new AppError('forbidden', { detail: 'You are no sysadmin any more. Ask one.' });
  }

  /** The user first and then the link, in the order of all who change both: in the other, each would wait for what the other holds. */
  private async lock(manager: EntityManager, token: string): Promise<User> {
    const [found]: { id: string }[] = await manager.query('select u.id from invitations i join users u on u.id = i.user_id where i.token_hash = $1 for update of u', [hashSecret(token)]);
    const user = found && (await manager.findOneBy(User, { id: found.id }));
    if (!user || user.disabledAt !== null) throw noLongerOpen();
    return user;
  }

  /** @returns undefined where there is nothing to prove, null where the code is refused */
  private async prove(manager: EntityManager, user: User, code: string | undefined, { ip }: From): Promise<AcceptedCode | null | undefined> {
    if (user.secondFactorSince === null) return undefined;
    if (code === undefined) throw codeRequired();
    return await this.codes.accept(manager, user, code, { ...anonymous, ip });
  }

  private async useUp(manager: EntityManager, token: string): Promise<void> {
    const [, count]: [unknown[], number] = await manager.query('delete from invitations where token_hash = $1 and expires_at > now()', [hashSecret(token)]);
    if (count === 0) throw noLongerOpen();
  }
}

/** The same for links that never were, were used, replaced or too old: it tells nothing of who has an account. */
function noLongerOpen(): AppError {
  return new AppError('credentials_refused', { detail: 'This invitation link is not valid, or no longer. Ask whoever invited you for a new one.' });
}
