import type { AuditEvent } from '@molo/contracts';

/** How an export is written: what stands before all events, and each of them with the end of its line. */
export interface ExportFormat {
  readonly type: string;
  readonly head: string;
  readonly line: (event: AuditEvent) => string;
}

const titles = ['id', 'at', 'actorKind', 'actorName', 'actorId', 'ip', 'action', 'target', 'before', 'after'];

export const formats = {
  jsonl: { type: 'application/jsonl', head: '', line: (event) => `${JSON.stringify(event)}\n` },
  csv: { type: 'text/csv', head: csvLine(titles), line: (event) => csvLine(cellsOf(event)) },
} as const satisfies Record<string, ExportFormat>;

function cellsOf({ id, at, actor, actorId, ip, action, target, before, after }: AuditEvent): string[] {
  return [id, at, actor.kind, actor.name, actorId ?? '', ip ?? '', action, target, json(before), json(after)];
}

function json(value: unknown): string {
  return value === null ? '' : JSON.stringify(value);
}

/** As RFC 4180 has it. */
function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => `"${asText(cell).replaceAll('"', '""')}"`).join(',')}\r\n`;
}

/**
 * A spreadsheet takes a cell for a formula that begins with one of these, though it is quoted, also in full width or after space.
 * An apostrophe before it makes it text. Whoever names an app's robot must not have a sysadmin's spreadsheet compute.
 */
function asText(cell: string): string {
  return /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/.test(cell) ? `'${cell}` : cell;
}
