import { Injectable } from '@nestjs/common';
import { AppError, type EndedAccess } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { Caller } from '../caller.js';
import { OwnPassword, requireSession } from '../own-password.js';
import { hashPassword } from '../passwords.js';
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
  constructor(
    private readonly dataSource: DataSource,
    private readonly ownPassword: OwnPassword,
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
    const user = await this.ownPassword.prove(id, current, 'current');
    const { passwordHash: before } = user;
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
