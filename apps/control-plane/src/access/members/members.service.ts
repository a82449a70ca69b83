import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type AppRole, type Member } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { PositionInTime } from '../../rest/page.js';
import { appIdOf } from '../app-ids.js';
import type { Caller } from '../caller.js';
import { Revocations } from '../revocations.js';
import { appIdsWith } from '../rights.js';

/** One of the three. */
export interface NamedMember {
  readonly email?: string | undefined;
  readonly team?: string | undefined;
  readonly robot?: string | undefined;
}

/** Whose roles on apps: a user's or robot's, or a team's. */
interface Holder {
  readonly column: 'user_id' | 'team_id';
  readonly id: string;
}

interface Row extends Omit<Member, 'since'> {
  since: Date;
}

const select = `
  select m.id, case when m.team_id is not null then 'team' when u.kind = 'robot' then 'robot' else 'user' end as kind, coalesce(m.user_id, m.team_id) as "holderId", coalesce(u.name, t.name) as name, u.email, m.role, m.since
  from app_members m left join users u on u.id = m.user_id left join teams t on t.id = m.team_id`;

/** Who has a role on an app. */
@Injectable()
export class MembersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** In the order in which they came, after `after`; `limit` and one more. */
  async list(app: string, after: PositionInTime | null, limit: number): Promise<Member[]> {
    const appId = await appIdOf(this.dataSource.manager, app);
    const rows: Row[] = await this.dataSource.query(
      `${select} where m.app_id = $1 and ($2::timestamptz is null or (date_trunc('milliseconds', m.since), m.id) > ($2, $3::uuid)) order by date_trunc('milliseconds', m.since), m.id limit $4`,
      [appId, after?.at ?? null, after?.id ?? null, limit + 1],
    );
    return rows.map(viewOf);
  }

  async set(app: string, named: NamedMember, role: AppRole, caller: Caller): Promise<Member> {
    return await this.dataSource.transaction(async (manager) => {
      const appId = await appIdOf(manager, app);
      const who = await findNamed(manager, appId, named, caller);
      const [before]: { role: AppRole }[] = await manager.query(`select role from app_members where app_id = $1 and ${who.column} = $2 for update`, [appId, who.id]);
      const [{ id }]: [{ id: string }] = await manager.query(
        `insert into app_members (id, app_id, ${who.column}, role) values ($1, $2, $3, $4)
         on conflict (app_id, ${who.column}) do update set role = excluded.role returning id`,
        [randomUUID(), appId, who.id, role],
      );
      const member = await find(manager, appId, id);
      if (before?.role !== role) await this.record(manager, caller, { action: 'member.set', app, appId, member, before: before && { role: before.role }, after: { role } });
      return member;
    });
  }

  async change(app: string, id: string, role: AppRole, caller: Caller): Promise<Member> {
    return await this.dataSource.transaction(async (manager) => {
      const appId = await appIdOf(manager, app);
      await manager.query('select 1 from app_members where id = $1 for update', [id]);
      const before = await find(manager, appId, id);
      await manager.query('update app_members set role = $2 where id = $1', [id, role]);
      const member = { ...before, role };
      if (before.role !== role) await this.record(manager, caller, { action: 'member.set', app, appId, member, before: { role: before.role }, after: { role } });
      return member;
    });
  }

  async remove(app: string, id: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const appId = await appIdOf(manager, app);
      const member = await find(manager, appId, id);
      const gone: unknown = await manager.query('delete from app_members where id = $1 returning id', [id]);
      if ((gone as [unknown[], number])[1] === 1) await this.record(manager, caller, { action: 'member.removed', app, appId, member, before: { role: member.role } });
    });
  }

  /**
   * Before a user, robot or team is removed, whose roles on apps go along: the admins of each app read of their own.
   * @returns the roles, for the event of the removal itself
   */
  async recordGone(manager: EntityManager, { column, id }: Holder, caller: Caller): Promise<{ app: string; role: AppRole }[]> {
    const held: { memberId: string; role: AppRole; app: string; appId: string }[] = await manager.query(
      `select m.id as "memberId", m.role, a.name as app, a.id as "appId" from app_members m join apps a on a.id = m.app_id where m.${column} = $1 and a.deleted_at is null order by a.name`,
      [id],
    );
    for (const { memberId, role, app, appId } of held) await this.record(manager, caller, { action: 'member.removed', app, appId, member: await find(manager, appId, memberId), before: { role } });
    return held.map(({ app, role }) => ({ app, role }));
  }

  private async record(manager: EntityManager, caller: Caller, change: { action: string; app: string; appId: string; member: Member; before?: object | undefined; after?: object }): Promise<void> {
    const { action, app, appId, member, before, after } = change;
    const who = member.kind === 'user' ? (member.email ?? member.name) : `${member.kind} ${member.name}`;
    await this.audit.record(manager, caller, { action, target: app, appId, before: before && { member: who, ...before }, after: after && { member: who, ...after } });
    await this.revocations.announce(manager);
  }
}

async function findNamed(manager: EntityManager, appId: string, { email, team, robot }: NamedMember, caller: Caller): Promise<Holder> {
  if (team !== undefined) {
    const [found]: { id: string }[] = await manager.query('select id from teams where name = $1 for key share', [team]);
    if (!found) throw new AppError('not_found', { detail: `There is no team ${team}. A sysadmin makes it: molo teams create ${team}` });
    return { column: 'team_id', id: found.id };
  }
  if (robot !== undefined) {
    // One of another app is in the hands of others. A name may be that of another robot too; an id is of one.
    const [found]: { id: string }[] = await manager.query(`select id from users where kind = 'robot' and (lower(name) = lower($1) or id::text = $1) and (app_id is null or app_id = $2) order by id::text = $1 desc, app_id limit 1 for key share`, [robot, appId]);
    if (!found) throw new AppError('not_found', { detail: `There is no robot ${robot} that this app could have. "molo robots" lists those there are.` });
    return { column: 'user_id', id: found.id };
  }
  return { column: 'user_id', id: await findSeenUser(manager, String(email), caller) };
}

/**
 * Whoever sees all users finds any. The others find those whom the apps that they see have as members, and nobody else: else an
 * admin of one app could ask for address after address whether it has an account here.
 */
async function findSeenUser(manager: EntityManager, email: string, caller: Caller): Promise<string> {
  const appIds = appIdsWith(caller, 'read');
  const [found]: { id: string }[] = await manager.query(
    `select id from users where lower(email) = lower($1) and ($2::uuid[] is null or id = $3 or exists (select 1 from app_members m where m.user_id = users.id and m.app_id = any($2))) for key share`,
    [email, appIds, caller.userId],
  );
  if (found) return found.id;
  if (appIds === null) throw new AppError('not_found', { detail: `There is no user ${email}. A sysadmin invites them: molo users invite ${email}` });
  throw new AppError('not_found', { detail: `Nobody of whom you see that they are here has the address ${email}. Ask a sysadmin to add them to the app; from then on you can change their role.` });
}

async function find(manager: EntityManager, appId: string, id: string): Promise<Member> {
  const [row]: Row[] = await manager.query(`${select} where m.app_id = $1 and m.id = $2`, [appId, id]);
  if (!row) throw new AppError('not_found', { detail: 'The app has no such member. "molo members" lists those that it has.' });
  return viewOf(row);
}

function viewOf(row: Row): Member {
  return { ...row, since: row.since.toISOString() };
}
