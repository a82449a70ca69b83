import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { AuditEvent } from './audit-event.entity.js';

export interface AuditEntry {
  /** Past of a verb on a thing: `app.created`, `config.changed`. */
  readonly action: string;
  /** What it was done to: `myapp`, `myapp/production`, `token deploy-bot`. Never a secret. */
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

@Injectable()
export class AuditService {
  /** Takes the manager of the change's own transaction: no change without its event, no event without its change. */
  async record(manager: EntityManager, caller: Caller, entry: AuditEntry): Promise<void> {
    await manager.insert(AuditEvent, {
      actorKind: caller.kind,
      actorName: caller.name,
      actorUserId: caller.userId,
      ip: caller.ip,
      action: entry.action,
      target: entry.target,
      before: (entry.before ?? null) as object,
      after: (entry.after ?? null) as object,
    });
  }
}
