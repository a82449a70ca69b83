import { Controller } from '@nestjs/common';
import { api } from '@molo/contracts';
import { z } from 'zod';
import { requireOnApp } from '../access/decision.js';
import { type Answer, type Call, Endpoint } from '../rest/endpoint.decorator.js';
import { pageOf, positionOf } from '../rest/page.js';
import type { AuditEvent } from './audit-event.entity.js';
import { type ExportFormat, formats } from './audit-export.js';
import { AuditLog, viewOf } from './audit-log.js';

const EventId = z.string().regex(/^\d{1,18}$/);

@Controller()
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Endpoint(api.listAudit)
  async list({ query: { cursor, limit, ...filter }, caller }: Call<typeof api.listAudit>): Answer<typeof api.listAudit> {
    const events = await this.log.page(filter, caller, positionOf(cursor, EventId), limit + 1);
    return pageOf(events, limit, (event) => event.id, viewOf);
  }

  @Endpoint(api.exportAudit)
  async export({ query: { format, ...filter }, caller, signal }: Call<typeof api.exportAudit>): Answer<typeof api.exportAudit> {
    if (filter.app !== undefined) requireOnApp(filter.app, 'administer', caller);
    const pieces = written(formats[format], this.log.batches(filter, caller, signal));
    return Promise.resolve({ type: formats[format].type, fileName: `audit.${format}`, pieces });
  }
}

/** The head goes with the first events, so that where these cannot be read nothing has been written. */
async function* written({ head, line }: ExportFormat, batches: AsyncIterable<AuditEvent[]>): AsyncGenerator<string, void> {
  let unwritten = head;
  for await (const events of batches) {
    yield unwritten + events.map((event) => line(viewOf(event))).join('');
    unwritten = '';
  }
  if (unwritten !== '') yield unwritten;
}
