import { Controller } from '@nestjs/common';
import { api, type AuditEvent as AuditEventView } from '@molo/contracts';
import { DataSource, LessThan } from 'typeorm';
import { z } from 'zod';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import { AuditEvent } from './audit-event.entity.js';

const EventId = z.string().regex(/^\d{1,18}$/);

@Controller()
export class AuditController {
  constructor(private readonly dataSource: DataSource) {}

  @Endpoint(api.listAudit)
  async list({ query }: Call<typeof api.listAudit>): Answer<typeof api.listAudit> {
    const before = positionOf(query.cursor, EventId);
    const where = before === null ? {} : { id: LessThan(before) };
    const events = await this.dataSource.manager.find(AuditEvent, { where, order: { id: 'DESC' }, take: query.limit + 1 });
    return pageOf(events, query.limit, (event) => event.id, viewOf);
  }
}

function viewOf(event: AuditEvent): AuditEventView {
  return {
    id: event.id,
    at: event.at.toISOString(),
    actor: { kind: event.actorKind, name: event.actorName },
    ip: event.ip,
    action: event.action,
    target: event.target,
    before: event.before,
    after: event.after,
  };
}
