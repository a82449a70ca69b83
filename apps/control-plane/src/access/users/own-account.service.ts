import { Injectable } from '@nestjs/common';
import { AppError, type EndedAccess } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { Attempts } from '../attempts.js';
import type { Caller } from '../caller.js';
import { hashPassword, isPassword } from '../passwords.js';
import { Revocations } from '../revocations.js';
import { User, whoIs } from '../user.entity.js';
import { endAccess, type EndingAccess } from './ended-access.js';
import { InvitationsService } from './invitations.service.js';

export interface PasswordChange extends Omit<EndingAccess, 'sessionId'> {
  readonly current: string;
  readonly password: string;
}

/** What users change of their own account. */
@Injectable()
export class OwnAccountService {
  /** Whoever finds a browser that is signed in must not find out the password from there. */
  private readonly guesses = new Attempts(10, 5 * 60_000);

  constructor(
    private readonly dataSource: DataSource,
    private readonly invitations: InvitationsService,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  async rename(caller: Caller, name: string): Promise<void> {
    const { userId: id } = requireSession(caller);
    await this.dataSource.transaction(async (manager) => {
      const user = await manager.findOneByOrFail(User, { id });
      const { name: before } = user;
      if (before === name) return;
      await manager.update(User, { id }, { name });
      await this.audit.record(manager, caller, { action: 'user.changed', target: whoIs(user), before: { name: before }, after: { name } });
      await this.revocations.announce(manager);
    });
  }

  /** @returns what ended with the old password */
  async changePassword(caller: Caller, { current, password, ...ending }: PasswordChange): Promise<EndedAccess> {
    const { userId: id, sessionId } = requireSession(caller);
    this.guesses.take(id);
    const user = await this.dataSource.manager.findOneByOrFail(User, { id });
    const { passwordHash: before } = user;
    if (!(await isPassword(current, before))) throw new AppError('invalid_input', { detail: 'This is not your present password.', errors: [{ path: 'current', message: 'is not your present password' }] });
    this.guesses.forget(id);
    const passwordHash = await hashPassword(password);
    return await this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(User, { id, passwordHash: before ?? '' }, { passwordHash });
      if (!affected) throw new AppError('conflict', { detail: 'The password was changed meanwhile, from elsewhere. Try again with the new one.' });
      const ended = await endAccess(manager, id, { sessionId, ...ending });
      await this.invitations.withdrawOf(manager, id);
      await this.audit.record(manager, caller, { action: 'password.changed', target: whoIs(user), after: { ended } });
      await this.revocations.announce(manager);
      return ended;
    });
  }
}

/** A token may have been given to others, and must not become the account. */
function requireSession({ userId, sessionId }: Caller): { userId: string; sessionId: string } {
  if (userId !== null && sessionId !== null) return { userId, sessionId };
  throw new AppError('forbidden', { detail: 'Only who is signed in with a password changes the account, not a token nor the owner of the machine. Sign in on the dashboard.' });
}
