import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../access/caller.js';

export interface AuditEntry {
  /** Past of a verb on a thing: `app.created`, `config.changed`. */
  readonly action: string;
  /** What it was done to: `myapp`, `myapp/production`, `token deploy-bot`. Never a secret. */
  readonly target: string;
  /** The app that it was done to, or to something of: its admins may read of it. */
  readonly appId?: string;
  /** In its place: an environment of the app. */
  readonly environmentId?: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

@Injectable()
export class AuditService {
  /** Takes the manager of the change's own transaction: no change without its event, no event without its change. */
  async record(manager: EntityManager, caller: Caller, entry: AuditEntry): Promise<void> {
    await manager.query(
      `insert into audit_events (actor_kind, actor_name, actor_user_id, ip, action, target, before, after, app_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, (select app_id from environments where id = $10)))`,
      [caller.kind, caller.name, caller.userId, caller.ip, entry.action, entry.target, json(entry.before), json(entry.after), entry.appId ?? null, entry.environmentId ?? null],
    );
  }
}

/** What is null is no JSON. */
function json(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
