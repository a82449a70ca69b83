import { Injectable } from '@nestjs/common';
import { type AppRole, rightsByAppRole, rightsByRole, type TokenRight } from '@molo/contracts';
import { DataSource, IsNull } from 'typeorm';
import type { ApiToken } from './api-token.entity.js';
import { type AppRights, type Caller, noApps, unlimited } from './caller.js';
import { User } from './user.entity.js';

interface Role {
  id: string;
  name: string;
  role: AppRole;
}

/** What users, and tokens of theirs, may do: their role on the platform and those on single apps, by themselves or through their teams. */
@Injectable()
export class Callers {
  constructor(private readonly dataSource: DataSource) {}

  /** null for one who is disabled, whatever they come with. */
  async findUser(id: string): Promise<User | null> {
    return await this.dataSource.manager.findOneBy(User, { id, disabledAt: IsNull() });
  }

  async ofUser(user: User, ip: string | null): Promise<Caller> {
    const { id: userId, name, email, role } = user;
    return { kind: 'user', userId, name, email, role, rights: rightsByRole[role], apps: await this.appRightsOf(user), limit: unlimited, isWhole: true, sessionId: null, ip };
  }

  /** A token has its own rights, as far as its user still has them. `user` is null for a token of the machine's owner. */
  async ofToken(token: ApiToken, user: User | null, ip: string | null): Promise<Caller> {
    const role = user?.role ?? 'sysadmin';
    const apps = user === null ? noApps : await this.appRightsOf(user);
    return {
      kind: 'token',
      userId: token.userId,
      name: `${token.name} of ${user?.name ?? 'owner'}`,
      email: user?.email ?? null,
      role,
      rights: ['any', ...within<TokenRight>(token.rights, rightsByRole[role])],
      apps: new Map([...apps].map(([name, { id, rights }]) => [name, { id, rights: within(token.rights, rights) }])),
      limit: token.rights,
      isWhole: [rightsByRole[role], ...[...apps.values()].map(({ rights }) => rights)].flat().every((right) => right === 'any' || token.rights.includes(right)),
      sessionId: null,
      ip,
    };
  }

  /** Of one who may do everything everywhere nothing more is to be known. */
  private async appRightsOf({ id, role }: User): Promise<AppRights> {
    if (role === 'sysadmin') return noApps;
    const roles: Role[] = await this.dataSource.query(
      `select app.id, app.name, held.role from (
         select app_id, role from app_members where user_id = $1
         union all select m.app_id, m.role from app_members m join team_members t on t.team_id = m.team_id where t.user_id = $1
       ) held join apps app on app.id = held.app_id where app.deleted_at is null`,
      [id],
    );
    const apps = new Map<string, { id: string; rights: TokenRight[] }>();
    for (const { id: appId, name, role: held } of roles) apps.set(name, { id: appId, rights: [...new Set([...(apps.get(name)?.rights ?? []), ...rightsByAppRole[held]])] });
    return apps;
  }
}

function within<R>(rights: readonly R[], most: readonly unknown[]): R[] {
  return rights.filter((right) => most.includes(right));
}
