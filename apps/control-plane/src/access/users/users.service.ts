import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Invitation, type Role, type User as UserView } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { PositionInTime } from '../../rest/page.js';
import type { Caller } from '../caller.js';
import { requireWhole } from '../decision.js';
import { MembersService } from '../members/members.service.js';
import { Revocations } from '../revocations.js';
import { TeamsService } from '../teams/teams.service.js';
import { User, whoIs } from '../user.entity.js';
import { InvitationsService } from './invitations.service.js';

export interface Invited {
  readonly email: string;
  readonly name?: string | undefined;
  readonly role: Role;
  readonly expiresInDays: number;
}

export interface UserChange {
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
}

/** Users, as sysadmins see them and change them. What is taken away counts from the next request on. */
@Injectable()
export class UsersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly invitations: InvitationsService,
    private readonly members: MembersService,
    private readonly teams: TeamsService,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** In the order in which they came, after `after`; `limit` and one more. */
  async list(after: PositionInTime | null, limit: number): Promise<User[]> {
    const query = this.dataSource.manager.createQueryBuilder(User, 'user').where(`user.kind = 'person'`);
    if (after !== null) query.andWhere(`(date_trunc('milliseconds', user.createdAt), user.id) > (:at, :id)`, after);
    return await query.orderBy(`date_trunc('milliseconds', user.createdAt)`).addOrderBy('user.id').limit(limit + 1).getMany();
  }

  /** Makes the user at once, so that they can be given roles and teams before they have followed the link. */
  async invite({ email, name = email, role, expiresInDays }: Invited, caller: Caller): Promise<{ user: UserView; invitation: Invitation }> {
    requireWhole(caller, 'Whoever is invited may have rights that this token does not.');
    return await this.dataSource.transaction(async (manager) => {
      await waitForOtherChanges(manager);
      const user = manager.create(User, { id: randomUUID(), kind: 'person', email, name, role, passwordHash: null, disabledAt: null, secondFactorSecret: null, secondFactorSince: null, lastSeenAt: null, createdAt: new Date() });
      const inserted = await manager.createQueryBuilder().insert().into(User).values(user).orIgnore().returning('id').execute();
      if ((inserted.raw as unknown[]).length === 0) throw new AppError('already_exists', { detail: `There is a user ${email} already. "molo users invite ${email} --again" makes a new link for them.` });
      const invitation = await this.invitations.make(manager, user.id, expiresInDays, caller);
      await this.audit.record(manager, caller, { action: 'user.invited', target: email, after: { role, expiresAt: invitation.expiresAt } });
      return { user: viewOf(user), invitation };
    });
  }

  async renewInvitation(id: string, expiresInDays: number, caller: Caller): Promise<Invitation> {
    requireWhole(caller, 'Whoever follows the link has all the rights of the user, and this token does not.');
    if (caller.userId === id && caller.sessionId === null) throw new AppError('forbidden', { detail: 'A token makes no new link for its own user: it must not become the account. Sign in, or ask another sysadmin.' });
    return await this.dataSource.transaction(async (manager) => {
      await waitForOtherChanges(manager);
      const user = await lock(manager, id);
      if (user.disabledAt !== null) throw new AppError('conflict', { detail: `${whoIs(user)} is disabled. Enable them first: molo users enable ${whoIs(user)}` });
      const invitation = await this.invitations.make(manager, id, expiresInDays, caller);
      await this.audit.record(manager, caller, { action: 'invitation.renewed', target: whoIs(user), after: { expiresAt: invitation.expiresAt } });
      return invitation;
    });
  }

  async change(id: string, wanted: UserChange, caller: Caller): Promise<UserView> {
    if (wanted.role !== undefined) requireWhole(caller, 'A role may give rights that this token does not have.');
    return await this.dataSource.transaction(async (manager) => {
      await waitForOtherChanges(manager);
      const user = await lock(manager, id);
      const before = { name: user.name, role: user.role, disabled: user.disabledAt !== null };
      const after = { name: wanted.name ?? before.name, role: wanted.role ?? before.role, disabled: wanted.disabled ?? before.disabled };
      const changed = (['name', 'role', 'disabled'] as const).filter((key) => before[key] !== after[key]);
      if (changed.length === 0) return viewOf(user);
      if (after.role !== 'sysadmin' || after.disabled) await refuseLastSysadmin(manager, user);
      const change = { name: after.name, role: after.role, disabledAt: after.disabled ? (user.disabledAt ?? new Date()) : null };
      await manager.update(User, { id }, change);
      if (after.disabled || after.role !== 'sysadmin') await this.invitations.withdrawMadeBy(manager, id);
      if (after.disabled) await this.invitations.withdrawOf(manager, id);
      // Their tokens and keys work again once they are enabled; whoever sat at their browser signs in.
      if (after.disabled) await manager.query('delete from sessions where user_id = $1', [id]);
      const only = (all: object) => Object.fromEntries(Object.entries(all).filter(([key]) => changed.some((each) => each === key)));
      await this.audit.record(manager, caller, { action: 'user.changed', target: whoIs(user), before: only(before), after: only(after) });
      await this.revocations.announce(manager);
      return viewOf(Object.assign(user, change));
    });
  }

  async remove(id: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await waitForOtherChanges(manager);
      const user = await lock(manager, id);
      await refuseLastSysadmin(manager, user);
      const [teams, apps] = [await this.teams.namesOf(manager, id), await this.members.recordGone(manager, { column: 'user_id', id }, caller)];
      await manager.delete(User, { id });
      await this.audit.record(manager, caller, { action: 'user.removed', target: whoIs(user), before: { name: user.name, role: user.role, teams, apps } });
      await this.revocations.announce(manager);
    });
  }
}

export function viewOf({ id, email, name, role, passwordHash, disabledAt, secondFactorSince, lastSeenAt, createdAt }: User): UserView {
  const state = disabledAt !== null ? 'disabled' : passwordHash === null ? 'invited' : 'active';
  return { id, email: email ?? '', name, role, state, createdAt: createdAt.toISOString(), lastSeenAt: lastSeenAt?.toISOString() ?? null, secondFactor: secondFactorSince !== null };
}

async function lock(manager: EntityManager, id: string): Promise<User> {
  const user = await manager.findOne(User, { where: { id, kind: 'person' }, lock: { mode: 'pessimistic_write' } });
  if (!user) throw new AppError('not_found', { detail: `There is no user ${id}. "molo users" lists those there are.` });
  return user;
}

/** Any fixed number: it names the lock under which one at a time changes users, what they may do, and their links. */
export const changesOfUsers = 7_265_302;

/** Of two sysadmins who take each other's role at once, the second sees what the first did. */
async function waitForOtherChanges(manager: EntityManager): Promise<void> {
  await manager.query('select pg_advisory_xact_lock($1)', [changesOfUsers]);
}

/** Somebody must be able to sign in and do everything. */
async function refuseLastSysadmin(manager: EntityManager, user: User): Promise<void> {
  const sysadmins: { id: string }[] = await manager.query(`select id from users where kind = 'person' and role = 'sysadmin' and disabled_at is null and password_hash is not null`);
  if (sysadmins.length !== 1 || sysadmins[0]?.id !== user.id) return;
  throw new AppError('conflict', { detail: `${whoIs(user)} is the last sysadmin who can sign in. Make somebody else one first: molo users set-role EMAIL sysadmin` });
}
