import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type Token, type TokenRight } from '@molo/contracts';
import { DataSource, IsNull } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { ApiToken } from './api-token.entity.js';
import { tokenPrefix } from './authenticator.js';
import type { Caller } from './caller.js';
import { Revocations } from './revocations.js';
import { mayAnywhere } from './rights.js';
import { hashSecret, randomSecret } from './secret-text.js';

const dayMs = 24 * 60 * 60 * 1000;

export interface NewToken {
  readonly name: string;
  readonly rights: readonly TokenRight[];
  readonly expiresInDays: number | null;
}

/** API tokens of a user, or of the machine's owner. The text is shown once; the database has its hash. */
@Injectable()
export class TokensService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** Newest first, after the token `after`; `limit` and one more. */
  async list(caller: Caller, after: string | null, limit: number): Promise<ApiToken[]> {
    const query = this.dataSource.manager
      .createQueryBuilder(ApiToken, 'token')
      .where('token.userId is not distinct from :userId::uuid', { userId: caller.userId })
      .andWhere('token.revokedAt is null');
    if (after !== null) query.andWhere('(token.created_at, token.id) < (select created_at, id from api_tokens where id = :after)', { after });
    return await query.orderBy('token.createdAt', 'DESC').addOrderBy('token.id', 'DESC').limit(limit + 1).getMany();
  }

  async create(caller: Caller, wanted: NewToken): Promise<Token & { token: string }> {
    refuseLacking(wanted.rights.filter((right) => !mayAnywhere(caller, right)));
    const text = randomSecret(tokenPrefix);
    const createdAt = new Date();
    const expiresAt = wanted.expiresInDays === null ? null : new Date(createdAt.getTime() + wanted.expiresInDays * dayMs);
    const rights = [...new Set(wanted.rights)];
    const token = await this.dataSource.transaction(async (manager) => {
      const created = manager.create(ApiToken, { id: randomUUID(), name: wanted.name, tokenHash: hashSecret(text), userId: caller.userId, rights, createdAt, expiresAt, lastUsedAt: null, revokedAt: null });
      await manager.insert(ApiToken, created);
      await this.audit.record(manager, caller, { action: 'token.created', target: `token ${wanted.name}`, after: { id: created.id, rights, expiresAt } });
      return created;
    });
    return { ...viewOf(token), token: text };
  }

  async revoke(caller: Caller, id: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const token = await manager.findOneBy(ApiToken, { id, userId: caller.userId ?? IsNull(), revokedAt: IsNull() });
      if (!token) throw new AppError('not_found', { detail: 'You have no such token.' });
      refuseLacking(token.rights.filter((right) => !caller.limit.includes(right)));
      const { affected } = await manager.update(ApiToken, { id, revokedAt: IsNull() }, { revokedAt: new Date() });
      if (affected) await this.audit.record(manager, caller, { action: 'token.revoked', target: `token ${token.name}`, before: { id } });
      await this.revocations.announce(manager);
    });
  }
}

export function viewOf(token: ApiToken): Token {
  return {
    id: token.id,
    name: token.name,
    rights: token.rights,
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  };
}

/** Nobody hands out more than they have, nor does a token take from those who have more: one with few rights stays one. */
function refuseLacking(lacking: readonly TokenRight[]): void {
  if (lacking.length > 0) throw new AppError('forbidden', { detail: `You do not have the right to ${lacking.join(' and ')} yourself.` });
}
