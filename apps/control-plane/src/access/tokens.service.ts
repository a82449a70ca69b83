import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Token, type TokenRight } from '@molo/contracts';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import type { PositionInTime } from '../rest/page.js';
import { ApiToken } from './api-token.entity.js';
import { tokenPrefix } from './authenticator.js';
import { appIdsOf, appsWithIds } from './app-ids.js';
import type { Caller } from './caller.js';
import { noSuchApp } from './decision.js';
import { Revocations } from './revocations.js';
import { mayAnywhere, mayOnApp, maySeeApp } from './rights.js';
import { hashSecret, randomSecret } from './secret-text.js';

const dayMs = 24 * 60 * 60 * 1000;

export interface NewToken {
  readonly name: string;
  readonly rights: readonly TokenRight[];
  readonly apps?: readonly string[] | undefined;
  readonly expiresInDays: number | null;
}

/** Whose a token is: a user's, a robot's, or (null) the machine's owner's. */
export interface TokenOwner {
  readonly userId: string | null;
  /** The robot whose token others make; null where the caller makes their own. */
  readonly robot: { readonly name: string; readonly appId: string | null } | null;
}

/** API tokens. The text is shown once; the database has its hash. */
@Injectable()
export class TokensService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** Newest first, after `after`; `limit` and one more. A token that is limited to apps sees those for these apps alone, which it may revoke as well. */
  async list({ userId, robot }: TokenOwner, { appLimit }: Caller, after: PositionInTime | null, limit: number): Promise<Token[]> {
    const query = this.dataSource.manager
      .createQueryBuilder(ApiToken, 'token')
      .where('token.userId is not distinct from :userId::uuid', { userId })
      .andWhere('token.revokedAt is null');
    // What names no apps reaches, of a robot, what the robot does, and whoever sees the robot may see it.
    if (appLimit !== null) query.andWhere(`(token.app_ids <@ :appLimit::uuid[]${robot === null ? '' : ' or token.app_ids is null'})`, { appLimit });
    if (after !== null) query.andWhere(`(date_trunc('milliseconds', token.created_at), token.id) < (:at, :id)`, after);
    const tokens = await query.orderBy(`date_trunc('milliseconds', token.created_at)`, 'DESC').addOrderBy('token.id', 'DESC').limit(limit + 1).getMany();
    return await viewsOf(this.dataSource.manager, tokens);
  }

  async create(owner: TokenOwner, wanted: NewToken, caller: Caller): Promise<Token & { token: string }> {
    refuseMoreThanHeld(owner, wanted, caller);
    const text = randomSecret(tokenPrefix);
    const createdAt = new Date();
    const expiresAt = endOf(wanted, createdAt, caller);
    const rights = [...new Set(wanted.rights)];
    return await this.dataSource.transaction(async (manager) => {
      // What a limited token makes has no wider limit.
      const appIds = wanted.apps === undefined ? (caller.appLimit && [...caller.appLimit]) : await appIdsOf(manager, wanted.apps);
      const token = manager.create(ApiToken, { id: randomUUID(), name: wanted.name, tokenHash: hashSecret(text), userId: owner.userId, rights, appIds, createdAt, expiresAt, lastUsedAt: null, revokedAt: null });
      await manager.insert(ApiToken, token);
      const [view] = await viewsOf(manager, [token]);
      await this.audit.record(manager, caller, { action: 'token.created', ...targetOf(owner, wanted.name), after: { id: token.id, rights, apps: view!.apps, expiresAt } });
      return { ...view!, token: text };
    });
  }

  async revoke(owner: TokenOwner, id: string, caller: Caller): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const token = await manager.findOneBy(ApiToken, { id, userId: owner.userId ?? IsNull(), revokedAt: IsNull() });
      if (!token) throw new AppError('not_found', { detail: owner.robot === null ? 'You have no such token.' : `The robot ${owner.robot.name} has no such token.` });
      if (owner.robot === null) refuseStronger(token, caller);
      const { affected } = await manager.update(ApiToken, { id, revokedAt: IsNull() }, { revokedAt: new Date() });
      if (affected) await this.audit.record(manager, caller, { action: 'token.revoked', ...targetOf(owner, token.name), before: { id } });
      await this.revocations.announce(manager);
    });
  }
}

/** Of what a token makes, no later than its own: else one that ends could go on for ever. */
function endOf({ expiresInDays }: NewToken, createdAt: Date, { until }: Caller): Date | null {
  const wanted = expiresInDays === null ? null : new Date(createdAt.getTime() + expiresInDays * dayMs);
  return until !== null && (wanted === null || wanted > until) ? until : wanted;
}

function targetOf({ robot }: TokenOwner, name: string): { target: string; appId?: string } {
  if (robot === null) return { target: `token ${name}` };
  return { target: `token ${name} of robot ${robot.name}`, ...(robot.appId === null ? {} : { appId: robot.appId }) };
}

/** Nobody hands out more than they have: a token with few rights makes no other, nor does one for a robot. */
function refuseMoreThanHeld({ robot }: TokenOwner, { rights, apps }: NewToken, caller: Caller): void {
  if (caller.kind === 'robot') throw new AppError('forbidden', { detail: 'A robot makes no tokens, neither for itself nor for others. Whoever has it in hand does: molo robots create-token' });
  const hidden = apps?.find((app) => !maySeeApp(caller, app));
  if (hidden !== undefined) throw noSuchApp(hidden);
  // Rights are a bound on what the token's user may do at the time of each request. Who is signed in may set it wider than their
  // roles of today, so that the token on their laptop is not made anew with each new role; and a robot has roles of its own.
  const isBoundOnly = robot !== null || caller.sessionId !== null;
  const holds = (right: TokenRight) => (isBoundOnly ? caller.limit.includes(right) : (apps?.every((app) => mayOnApp(caller, right, app)) ?? mayAnywhere(caller, right)));
  refuseLacking(rights.filter((right) => !holds(right)));
}

/** A token takes nothing from those that may do more than itself. */
function refuseStronger(token: ApiToken, { limit, appLimit }: Caller): void {
  refuseLacking(token.rights.filter((right) => !limit.includes(right)));
  if (appLimit === null || token.appIds?.every((id) => appLimit.includes(id))) return;
  throw new AppError('forbidden', { detail: 'Your token is limited to some apps, and that one is not, or to others.' });
}

function refuseLacking(lacking: readonly TokenRight[]): void {
  if (lacking.length > 0) throw new AppError('forbidden', { detail: `You do not have the right to ${lacking.join(' and ')} yourself.` });
}

async function viewsOf(manager: EntityManager, tokens: readonly ApiToken[]): Promise<Token[]> {
  const apps = await appsWithIds(manager, tokens.flatMap(({ appIds }) => appIds ?? []));
  return tokens.map((token) => ({
    id: token.id,
    name: token.name,
    rights: token.rights,
    apps: token.appIds === null ? null : apps.filter(({ id }) => token.appIds?.includes(id)).map(({ name }) => name),
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  }));
}
