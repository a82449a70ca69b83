import { Injectable } from '@nestjs/common';
import { type api, type AuditEvent as AuditEventView } from '@molo/contracts';
import { DataSource, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { requireOnApp } from '../access/decision.js';
import { appIdsWith } from '../access/rights.js';
import { AuditEvent } from './audit-event.entity.js';

type Query = z.output<typeof api.listAudit.query>;
export type AuditFilter = Omit<Query, 'cursor' | 'limit'>;

/** Events that an export has in memory at once. */
const batchSize = 500;
/** Events that are sorted sooner than the others are walked past. */
const few = 20_000;

/** Reads the audit, newest first: in the order in which it was written, whatever the clock said. */
@Injectable()
export class AuditLog {
  constructor(private readonly dataSource: DataSource) {}

  /** Events that the filter takes and the caller may read, before the one with the id `before`. */
  async page(filter: AuditFilter, caller: Caller, before: string | null, limit: number): Promise<AuditEvent[]> {
    const isGuessed = filter.q !== undefined || filter.until !== undefined;
    return await this.#read(filter, caller, before, limit, isGuessed ? sortWhereFew : () => Promise.resolve());
  }

  /**
   * All of it, in batches that no transaction outlives: a slow reader holds nothing up. What is written meanwhile is not in it.
   * Each goes on where the one before has ended, so that all of them together walk past every event once. Ends without a word
   * when the signal fires.
   */
  async *batches(filter: AuditFilter, caller: Caller, signal: AbortSignal): AsyncGenerator<AuditEvent[], void> {
    for (let before: string | null = null; !signal.aborted; ) {
      const events: AuditEvent[] = await this.#read(filter, caller, before, batchSize, () => Promise.resolve());
      if (events.length > 0) yield events;
      before = events.at(-1)?.id ?? null;
      if (events.length < batchSize) return;
    }
  }

  async #read(filter: AuditFilter, caller: Caller, before: string | null, limit: number, plan: Plan): Promise<AuditEvent[]> {
    if (filter.app !== undefined) requireOnApp(filter.app, 'administer', caller);
    const appIds = appIdsWith(caller, 'administer');
    const matching = (events: SelectQueryBuilder<AuditEvent>) => narrowed(events, filter, appIds, before);
    const found = async (manager: EntityManager) => matching(manager.createQueryBuilder(AuditEvent, 'event')).orderBy('event.id', 'DESC').limit(limit).getMany();
    // The newest of all: there is one way to them.
    if (appIds === null && Object.values(filter).every((given) => given === undefined)) return await found(this.dataSource.manager);
    return await this.dataSource.transaction(async (manager) => {
      // Which index is best depends on what is asked for, so that one plan for all would be a bad one for most.
      await manager.query('set local plan_cache_mode = force_custom_plan');
      await plan(manager, matching);
      return await found(manager);
    });
  }
}

type Plan = (manager: EntityManager, matching: (events: SelectQueryBuilder<AuditEvent>) => SelectQueryBuilder<AuditEvent>) => Promise<void>;

/**
 * PostgreSQL thinks that the beginnings of words are common, and that what happened long ago is spread over all that happened
 * since. It would walk from the newest event on, with a million of them for a second where there are few. Where there are few,
 * they are found by themselves and sorted; where there are many, some are soon met on the walk.
 */
async function sortWhereFew(manager: EntityManager, matching: Parameters<Plan>[1]): Promise<void> {
  await manager.query('set local enable_indexscan = off');
  await manager.query('set local enable_seqscan = off');
  const some = matching(manager.createQueryBuilder(AuditEvent, 'event').select('1')).limit(few + 1);
  const [query, values] = some.getQueryAndParameters();
  const [found]: { count: number }[] = await manager.query(`select count(*)::int as count from (${query}) as found`, values);
  if (found!.count > few) await manager.query('set local enable_indexscan = on');
  await manager.query('set local enable_seqscan = on');
}

function narrowed(events: SelectQueryBuilder<AuditEvent>, filter: AuditFilter, appIds: string[] | null, before: string | null): SelectQueryBuilder<AuditEvent> {
  if (before !== null) events.andWhere('event.id < :before', { before });
  if (appIds !== null) events.andWhere('event.app_id = any(:appIds)', { appIds });
  narrow(events, filter);
  return events;
}

function narrow(events: SelectQueryBuilder<AuditEvent>, { app, actor, action, target, ip, since, until, q }: AuditFilter): void {
  if (app !== undefined) events.andWhere('event.app_id = any(array(select id from apps where name = :app))', { app });
  if (actor !== undefined) {
    events.andWhere(`(lower(event.actor_name) = lower(:actor) or event.actor_user_id = any(array(select id from users where lower(email) = lower(:actor) or lower(name) = lower(:actor) or id = :actorId)))`, { actor, actorId: z.uuid().safeParse(actor).data ?? null });
  }
  if (action !== undefined) narrowByAction(events, action);
  if (target !== undefined) events.andWhere('(event.target = :target or event.target like :below)', { target, below: `${literal(target)}/%` });
  if (ip !== undefined) events.andWhere('event.ip = :ip', { ip: ip.toLowerCase() });
  if (since !== undefined) events.andWhere('event.at >= :since', { since: new Date(since) });
  if (until !== undefined) events.andWhere('event.at < :until', { until: new Date(until) });
  if (q !== undefined) events.andWhere('event.words @@ audit_query(:q)', { q });
}

/** `app.created` is one action; `app` and `app.` stand for all that is done to apps. */
function narrowByAction(events: SelectQueryBuilder<AuditEvent>, action: string): void {
  const [thing = '', verb = ''] = action.split('.');
  if (verb === '') events.andWhere('event.action like :actions', { actions: `${literal(thing)}.%` });
  else events.andWhere('event.action = :action', { action });
}

function literal(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}

export function viewOf(event: AuditEvent): AuditEventView {
  return {
    id: event.id,
    at: event.at.toISOString(),
    actor: { kind: event.actorKind, name: event.actorName },
    actorId: event.actorUserId,
    ip: event.ip,
    action: event.action,
    target: event.target,
    before: event.before,
    after: event.after,
  };
}
