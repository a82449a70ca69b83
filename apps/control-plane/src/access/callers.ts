import { Injectable } from '@nestjs/common';
import { type AppRole, type Right, rightsByAppRole, rightsByRole, TokenRight } from '@molo/contracts';
import { DataSource, IsNull } from 'typeorm';
import { Log } from '../log.js';
import type { ApiToken } from './api-token.entity.js';
import { appsWithIds } from './app-ids.js';
import { type AppRights, type Caller, noApps, unlimited } from './caller.js';
import { User } from './user.entity.js';

const lastSeenEveryMs = 60_000;

interface Role {
  id: string;
  name: string;
  role: AppRole;
}

/** What users, and tokens of theirs, may do: their role on the platform and those on single apps, by themselves or through their teams. */
@Injectable()
export class Callers {
  constructor(
    private readonly dataSource: DataSource,
    private readonly log: Log,
  ) {}

  /** Who has just come with a session, a token or a key; null for one who is disabled, whatever they come with. */
  async userWhoComes(id: string): Promise<User | null> {
    const user = await this.dataSource.manager.findOneBy(User, { id, disabledAt: IsNull() });
    if (user !== null) this.noteSeen(user);
    return user;
  }

  async ofUser(user: User, ip: string | null): Promise<Caller> {
    const { id: userId, name, email, role } = user;
    return { kind: 'user', userId, name, email, role, rights: rightsByRole[role], apps: await this.appRightsOf(user), limit: unlimited, appLimit: null, isWhole: true, until: null, sessionId: null, ip };
  }

  /** A token has its own rights, as far as its user still has them. `user` is null for a token of the machine's owner. */
  async ofToken(token: ApiToken, user: User | null, ip: string | null): Promise<Caller> {
    const role = user?.role ?? 'sysadmin';
    const onPlatform: readonly Right[] = rightsByRole[role];
    const held = { rights: TokenRight.options.filter((right) => onPlatform.includes(right)), apps: user === null ? noApps : await this.appRightsOf(user) };
    const { rights, apps } = token.appIds === null ? held : { rights: [], apps: await this.limited(held, token.appIds) };
    return {
      kind: user?.kind === 'robot' ? 'robot' : 'token',
      userId: token.userId,
      name: `${token.name} of ${user?.name ?? 'owner'}`,
      email: user?.email ?? null,
      role,
      rights: ['any', ...within(token.rights, rights)],
      apps: new Map([...apps].map(([name, app]) => [name, { id: app.id, rights: within(token.rights, app.rights) }])),
      limit: token.rights,
      appLimit: token.appIds,
      isWhole: token.appIds === null && TokenRight.options.every((right) => token.rights.includes(right)),
      until: token.expiresAt,
      sessionId: null,
      ip,
    };
  }

  /** Nobody waits for it, and its failure stops nobody. */
  private noteSeen({ id, lastSeenAt }: User): void {
    if (lastSeenAt !== null && Date.now() - lastSeenAt.getTime() < lastSeenEveryMs) return;
    this.dataSource.manager.update(User, { id }, { lastSeenAt: new Date() }).catch((error: unknown) => {
      this.log.warn({ err: error }, 'when a user was last seen could not be written');
    });
  }

  /** On the named apps what is held on the platform or on them, elsewhere nothing. */
  private async limited(held: { readonly rights: readonly TokenRight[]; readonly apps: AppRights }, ids: readonly string[]): Promise<AppRights> {
    const apps = await appsWithIds(this.dataSource.manager, ids);
    return new Map(apps.map(({ id, name }) => [name, { id, rights: TokenRight.options.filter((right) => held.rights.includes(right) || held.apps.get(name)?.rights.includes(right)) }]));
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

function within(rights: readonly TokenRight[], most: readonly TokenRight[]): TokenRight[] {
  return rights.filter((right) => most.includes(right));
}
