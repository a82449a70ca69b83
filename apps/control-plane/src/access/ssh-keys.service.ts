import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError, type SshKey as SshKeyView } from '@molo/contracts';
import { DataSource, IsNull } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import type { PositionInTime } from '../rest/page.js';
import type { Caller } from './caller.js';
import { requireWhole } from './decision.js';
import { Revocations } from './revocations.js';
import { SshKey } from './ssh-key.entity.js';
import { parseSshPublicKey } from './ssh-public-key.js';

/** SSH keys of users for git. One key belongs to one user, since it is all that git tells of who pushes. */
@Injectable()
export class SshKeysService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly audit: AuditService,
  ) {}

  /** Newest first, after `after`; `limit` and one more. */
  async list(caller: Caller, after: PositionInTime | null, limit: number): Promise<SshKey[]> {
    const query = this.dataSource.manager.createQueryBuilder(SshKey, 'key').where('key.userId is not distinct from :userId::uuid', { userId: caller.userId });
    if (after !== null) query.andWhere(`(date_trunc('milliseconds', key.created_at), key.id) < (:at, :id)`, after);
    return await query.orderBy(`date_trunc('milliseconds', key.created_at)`, 'DESC').addOrderBy('key.id', 'DESC').limit(limit + 1).getMany();
  }

  async add(caller: Caller, name: string, publicKey: string): Promise<SshKey> {
    refuseWeakToken(caller);
    const { type, text, fingerprint } = parseSshPublicKey(publicKey);
    return await this.dataSource.transaction(async (manager) => {
      const key = manager.create(SshKey, { id: randomUUID(), userId: caller.userId, name, type, publicKey: text, fingerprint, createdAt: new Date() });
      const inserted = await manager.createQueryBuilder().insert().into(SshKey).values(key).orIgnore().returning('id').execute();
      if ((inserted.raw as unknown[]).length === 0) throw new AppError('already_exists', { detail: 'This key is known already. Each key belongs to one user, once.' });
      await this.audit.record(manager, caller, { action: 'ssh-key.added', target: `ssh key ${name}`, after: { fingerprint } });
      return key;
    });
  }

  async remove(caller: Caller, id: string): Promise<void> {
    refuseWeakToken(caller);
    await this.dataSource.transaction(async (manager) => {
      const key = await manager.findOneBy(SshKey, { id, userId: caller.userId ?? IsNull() });
      const { affected } = key ? await manager.delete(SshKey, { id }) : { affected: 0 };
      if (!key || !affected) throw new AppError('not_found', { detail: 'You have no such SSH key.' });
      await this.audit.record(manager, caller, { action: 'ssh-key.removed', target: `ssh key ${key.name}`, before: { fingerprint: key.fingerprint } });
      await this.revocations.announce(manager);
    });
  }
}

export function viewOf(key: SshKey): SshKeyView {
  return { id: key.id, name: key.name, fingerprint: key.fingerprint, type: key.type, createdAt: key.createdAt.toISOString() };
}

/** A key has all rights of its user: a token that has fewer must not get them by adding one. */
function refuseWeakToken(caller: Caller): void {
  if (caller.kind === 'robot') throw new AppError('forbidden', { detail: 'A robot has tokens alone. Git takes them as the password over HTTP.' });
  requireWhole(caller, 'An SSH key has all rights that you have or get, and this token does not.');
}
