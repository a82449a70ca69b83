import type { RequestOf } from '@molo/client';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { dim, line } from '../terminal/piece.js';

interface AuditOptions extends CommonOptions {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
  readonly ip?: string;
  readonly since?: string;
  readonly until?: string;
  readonly search?: string;
  readonly limit: number;
  readonly export?: 'jsonl' | 'csv';
}

export async function audit(cli: Cli, options: AuditOptions): Promise<void> {
  const { app, actor, action, target, ip, since, until, search: q } = options;
  const filter = { app, actor, action, target, ip, since, until, q };
  if (options.export !== undefined) return await exportAudit(cli, { ...filter, format: options.export });
  const client = await cli.client();
  const events = await readPages((query) => client.listAudit({ query: { ...query, ...filter } }), options.limit);
  if (cli.isJson) return cli.terminal.json(events);
  const isAll = Object.values(filter).every((part) => part === undefined);
  if (events.length === 0) return cli.terminal.note(isAll ? line`Nothing was done yet.` : line`Nothing of what you may read is like that. molo audit lists all of it.`);
  cli.terminal.table(events, [
    { title: 'AT', value: (event) => dim(event.at) },
    { title: 'WHO', value: (event) => event.actor.name },
    { title: 'AS', value: (event) => event.actor.kind },
    { title: 'FROM', value: (event) => event.ip },
    { title: 'DID', value: (event) => event.action },
    { title: 'TO', value: (event) => event.target },
  ]);
}

/** The very bytes, as they come: what breaks off ends with an error and its exit code. */
async function exportAudit(cli: Cli, query: RequestOf<'exportAudit'>['query']): Promise<void> {
  for await (const piece of (await cli.client()).exportAudit({ query: query ?? {} })) {
    cli.terminal.raw(piece);
    await cli.terminal.caughtUp();
  }
}
