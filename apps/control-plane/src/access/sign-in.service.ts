import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { Attempts } from './attempts.js';
import { anonymous, type Caller } from './caller.js';
import { Callers } from './callers.js';
import { networkOf } from './network.js';
import { isPassword } from './passwords.js';
import { codeRefused, codeRequired, SecondFactorCodes } from './second-factor/second-factor-codes.js';
import { type NewSession, SessionsService } from './sessions.service.js';
import { User, whoIs } from './user.entity.js';

export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Looked at only once the password was right, and only for a user who has a second factor. */
  readonly code?: string | undefined;
}

const spanMs = 5 * 60_000;

export interface SignedIn {
  readonly caller: Caller;
  readonly session: NewSession;
}

export interface From {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/**
 * Signs in with email and password, and with a code where the user has a second factor. Who guesses learns nothing of who has
 * an account here, and soon has to wait; the owner of the account, who comes from another address, does not: no count is by the
 * account alone, but for that of codes, which only those come to who know the password. Nothing is kept from asking for the
 * code to its coming: all of it is sent again.
 */
@Injectable()
export class SignInService {
  private readonly byAddress = new Attempts(30, spanMs);
  private readonly byAccountAndAddress = new Attempts(10, spanMs);

  constructor(
    private readonly dataSource: DataSource,
    private readonly callers: Callers,
    private readonly codes: SecondFactorCodes,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
  ) {}

  async signIn({ email, password, code }: Credentials, from: From): Promise<SignedIn> {
    const address = from.ip === null ? '' : networkOf(from.ip);
    const account = email.trim().toLowerCase();
    const guess = `${address} ${account}`;
    this.byAddress.take(address);
    this.byAccountAndAddress.take(guess);
    const user = await this.find(account);
    if (!(await isPassword(password, user?.passwordHash ?? null)) || user === null || user.disabledAt !== null) throw refused();
    if (user.secondFactorSince !== null && code === undefined) {
      // No guess at anything; the count by account stays, so that it is no way to go on guessing at codes.
      this.byAddress.giveBack(address);
      throw codeRequired();
    }
    const signedIn = await this.begin(user, code ?? '', from);
    // Only this attempt: an account of one's own must not be a way to go on guessing at others.
    this.byAddress.giveBack(address);
    this.byAccountAndAddress.forget(guess);
    return signedIn;
  }

  private async find(account: string): Promise<User | null> {
    return await this.dataSource.manager.createQueryBuilder(User, 'user').where('lower(user.email) = :account', { account }).getOne();
  }

  private async begin(user: User, code: string, from: From): Promise<SignedIn> {
    const caller = await this.callers.ofUser(user, from.ip);
    const session = await this.dataSource.transaction(async (manager) => {
      await this.refuseWhoMayNoLonger(manager, user);
      const accepted = user.secondFactorSince === null ? undefined : await this.codes.accept(manager, user, code, { ...anonymous, ip: from.ip });
      // Committed, so that it is in the audit.
      if (accepted === null) return null;
      await this.audit.record(manager, caller, { action: 'session.started', target: whoIs(user), after: accepted });
      return await this.sessions.start(manager, user, from);
    });
    if (session === null) throw codeRefused();
    return { caller, session };
  }

  /** Also one who was disabled, or whose password or second factor was changed, while the given one was looked at. */
  private async refuseWhoMayNoLonger(manager: EntityManager, { id, passwordHash, secondFactorSecret, secondFactorSince }: User): Promise<void> {
    const secondFactor = secondFactorSince === null ? { secondFactorSince: IsNull() } : { secondFactorSecret: secondFactorSecret ?? IsNull(), secondFactorSince: Not(IsNull()) };
    const where = { id, passwordHash: passwordHash ?? IsNull(), disabledAt: IsNull(), ...secondFactor };
    if (!(await manager.findOne(User, { where, lock: { mode: 'pessimistic_read' } }))) throw refused();
  }
}

function refused(): AppError {
  return new AppError('credentials_refused', { detail: 'The email or the password is not right.' });
}
