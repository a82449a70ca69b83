import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type AppRole, type Robot, type Role } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { appIdOf } from '../app-ids.js';
import type { Caller } from '../caller.js';
import { noSuchRobot } from '../decision.js';
import { MembersService } from '../members/members.service.js';
import { Revocations } from '../revocations.js';
import { appIdsWith } from '../rights.js';
import { TeamsService } from '../teams/teams.service.js';
import type { TokenOwner } from '../tokens.service.js';

/** Where the last page ended: apps may each have a robot of one name. */
export interface RobotPosition {
  readonly name: string;
  readonly id: string;
}

interface Row extends Omit<Robot, 'createdAt'> {
  appId: string | null;
  createdAt: Date;
}

const select = `select u.id, u.name, u.app_id as "appId", a.name as app, u.role, u.created_at as "createdAt" from users u left join apps a on a.id = u.app_id`;

/** Users for programs, with tokens alone. One of an app has a role on it and nothing else, ever: its app's admins have it in hand. */
@Injectable()
export class RobotsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly members: MembersService,
    private readonly teams: TeamsService,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** By name, after `after`; `limit` and one more. */
  async list(caller: Caller, after: RobotPosition | null, limit: number): Promise<Robot[]> {
    const rows: Row[] = await this.dataSource.query(
      `${select} where u.kind = 'robot' and ($1::uuid[] is null or u.app_id = any($1)) and ($2::text is null or (lower(u.name), u.id) > (lower($2), $3::uuid)) order by lower(u.name), u.id limit $4`,
      [appIdsWith(caller, 'administer'), after?.name ?? null, after?.id ?? null, limit + 1],
    );
    return rows.map(viewOf);
  }

  async create(name: string, role: Role, caller: Caller): Promise<Robot> {
    return await this.dataSource.transaction(async (manager) => {
      const id = await insert(manager, name, role, null);
      await this.audit.record(manager, caller, { action: 'robot.created', target: `robot ${name}`, after: { role } });
      return viewOf(await find(manager, id));
    });
  }

  async createFor(app: string, name: string, role: AppRole, caller: Caller): Promise<Robot> {
    return await this.dataSource.transaction(async (manager) => {
      const appId = await appIdOf(manager, app, 'for key share');
      const id = await insert(manager, name, 'member', appId);
      await manager.query('insert into app_members (id, app_id, user_id, role) values ($1, $2, $3, $4)', [randomUUID(), appId, id, role]);
      await this.audit.record(manager, caller, { action: 'robot.created', target: `robot ${name} of ${app}`, appId, after: { role } });
      return viewOf(await find(manager, id));
    });
  }

  async remove(id: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { name, app, appId, role } = await find(manager, id);
      const [teams, apps] = [await this.teams.namesOf(manager, id), await this.members.recordGone(manager, { column: 'user_id', id }, caller)];
      await manager.query('delete from users where id = $1', [id]);
      await this.audit.record(manager, caller, { action: 'robot.removed', target: app === null ? `robot ${name}` : `robot ${name} of ${app}`, ...(appId === null ? {} : { appId }), before: { role, teams, apps } });
      await this.revocations.announce(manager);
    });
  }

  /** With their app, in its transaction. */
  async removeAllOf(manager: EntityManager, appId: string): Promise<void> {
    await manager.query(`delete from users where kind = 'robot' and app_id = $1`, [appId]);
  }

  async ownerOfTokens(id: string): Promise<TokenOwner> {
    const { name, appId } = await find(this.dataSource.manager, id);
    return { userId: id, robot: { name, appId } };
  }
}

async function insert(manager: EntityManager, name: string, role: Role, appId: string | null): Promise<string> {
  const [made]: { id: string }[] = await manager.query(
    `insert into users (id, kind, name, role, app_id) values ($1, 'robot', $2, $3, $4) on conflict do nothing returning id`,
    [randomUUID(), name, role, appId],
  );
  if (!made) throw new AppError('already_exists', { detail: `There is a robot ${name} already${appId === null ? '' : ' of this app'}. Take another name.` });
  return made.id;
}

async function find(manager: EntityManager, id: string): Promise<Row> {
  const [row]: Row[] = await manager.query(`${select} where u.kind = 'robot' and u.id = $1`, [id]);
  if (!row) throw noSuchRobot(id);
  return row;
}

function viewOf({ id, name, app, role, createdAt }: Row): Robot {
  return { id, name, app, role, createdAt: createdAt.toISOString() };
}
