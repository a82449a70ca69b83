import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Team } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { Caller } from '../caller.js';
import { MembersService } from '../members/members.service.js';
import { Revocations } from '../revocations.js';
import { whoIs } from '../user.entity.js';

type Row = Omit<Team, 'createdAt'> & { createdAt: Date };

const select = `
  select t.id, t.name, t.created_at as "createdAt", coalesce(
    (select json_agg(json_build_object('id', u.id, 'name', u.name, 'email', u.email) order by lower(u.name), u.id)
     from team_members m join users u on u.id = m.user_id where m.team_id = t.id), '[]') as users
  from teams t`;

/** Named sets of users. A team has no rights of its own: apps give it a role, and so each of its users. */
@Injectable()
export class TeamsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly members: MembersService,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** By name, after the team `after`; `limit` and one more. */
  async list(after: string | null, limit: number): Promise<Team[]> {
    const rows: Row[] = await this.dataSource.query(`${select} where $1::text is null or t.name > $1 order by t.name limit $2`, [after, limit + 1]);
    return rows.map(viewOf);
  }

  async create(name: string, caller: Caller): Promise<Team> {
    return await this.dataSource.transaction(async (manager) => {
      const made: unknown[] = await manager.query('insert into teams (id, name) values ($1, $2) on conflict do nothing returning id', [randomUUID(), name]);
      if (made.length === 0) throw taken(name);
      await this.audit.record(manager, caller, { action: 'team.created', target: `team ${name}` });
      return await read(manager, name);
    });
  }

  async rename(name: string, wanted: string, caller: Caller): Promise<Team> {
    return await this.dataSource.transaction(async (manager) => {
      const id = await lock(manager, name);
      if (wanted === name) return await read(manager, name);
      // Until it is renamed nobody else takes the name.
      await manager.query('lock table teams in share row exclusive mode');
      const others: unknown[] = await manager.query('select 1 from teams where name = $1', [wanted]);
      if (others.length > 0) throw taken(wanted);
      await manager.query('update teams set name = $2 where id = $1', [id, wanted]);
      await this.audit.record(manager, caller, { action: 'team.renamed', target: `team ${wanted}`, before: { name }, after: { name: wanted } });
      return await read(manager, wanted);
    });
  }

  /** Its users lose what they could do through it. */
  async remove(name: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const id = await lock(manager, name);
      const { users } = await read(manager, name);
      const apps = await this.members.recordGone(manager, { column: 'team_id', id }, caller);
      await manager.query('delete from teams where id = $1', [id]);
      await this.audit.record(manager, caller, { action: 'team.removed', target: `team ${name}`, before: { users: users.map(whoIs), apps } });
      await this.revocations.announce(manager);
    });
  }

  /** Of the teams that a user or robot is in. */
  async namesOf(manager: EntityManager, userId: string): Promise<string[]> {
    const teams: { name: string }[] = await manager.query('select t.name from team_members m join teams t on t.id = m.team_id where m.user_id = $1 order by t.name', [userId]);
    return teams.map(({ name }) => name);
  }

  /** In it already is done. */
  async add(name: string, userId: string, caller: Caller): Promise<Team> {
    return await this.dataSource.transaction(async (manager) => {
      const id = await lock(manager, name);
      // A robot of an app has its role on that app alone.
      const [user]: { name: string; email: string | null }[] = await manager.query('select name, email from users where id = $1 and app_id is null for key share', [userId]);
      if (!user) throw new AppError('not_found', { detail: `There is no user ${userId}. "molo users" lists those there are.` });
      const added: unknown[] = await manager.query('insert into team_members (team_id, user_id) values ($1, $2) on conflict do nothing returning user_id', [id, userId]);
      if (added.length > 0) {
        await this.audit.record(manager, caller, { action: 'team.user-added', target: `team ${name}`, after: { user: whoIs(user) } });
        await this.revocations.announce(manager);
      }
      return await read(manager, name);
    });
  }

  async take(name: string, userId: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const id = await lock(manager, name);
      const user = (await read(manager, name)).users.find((each) => each.id === userId);
      if (!user) throw new AppError('not_found', { detail: `The team ${name} has no such user. "molo teams" lists those that it has.` });
      await manager.query('delete from team_members where team_id = $1 and user_id = $2', [id, userId]);
      await this.audit.record(manager, caller, { action: 'team.user-removed', target: `team ${name}`, before: { user: whoIs(user) } });
      await this.revocations.announce(manager);
    });
  }
}

async function lock(manager: EntityManager, name: string): Promise<string> {
  const [team]: { id: string }[] = await manager.query('select id from teams where name = $1 for update', [name]);
  if (!team) throw new AppError('not_found', { detail: `There is no team ${name}. "molo teams" lists those there are.` });
  return team.id;
}

async function read(manager: EntityManager, name: string): Promise<Team> {
  const [row]: [Row] = await manager.query(`${select} where t.name = $1`, [name]);
  return viewOf(row);
}

function viewOf(row: Row): Team {
  return { ...row, createdAt: row.createdAt.toISOString() };
}

function taken(name: string): AppError {
  return new AppError('already_exists', { detail: `There is a team ${name} already. Take another name.` });
}
