import { Controller } from '@nestjs/common';
import { api, type AuditEvent as AuditEventView } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { requireOnApp } from '../access/decision.js';
import { appIdsWith } from '../access/rights.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import { AuditEvent } from './audit-event.entity.js';

const EventId = z.string().regex(/^\d{1,18}$/);

@Controller()
export class AuditController {
  constructor(private readonly dataSource: DataSource) {}

  @Endpoint(api.listAudit)
  async list({ query, caller }: Call<typeof api.listAudit>): Answer<typeof api.listAudit> {
    const { cursor, limit, app } = query;
    if (app !== undefined) requireOnApp(app, 'administer', caller);
    const [before, ids] = [positionOf(cursor, EventId), appIdsWith(caller, 'administer')];
    const events = this.dataSource.manager.createQueryBuilder(AuditEvent, 'event').orderBy('event.id', 'DESC').limit(limit + 1);
    if (before !== null) events.andWhere('event.id < :before', { before });
    if (ids !== null) events.andWhere('event.app_id = any(:ids)', { ids });
    if (app !== undefined) events.andWhere('event.app_id = (select id from apps where name = :app and deleted_at is null)', { app });
    return pageOf(await events.getMany(), limit, (event) => event.id, viewOf);
  }
}

function viewOf(event: AuditEvent): AuditEventView {
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
