import { api, apiPrefix } from '@molo/contracts';
import { shellWord } from '../text/shell-word';

/** The parts of a filter as the API names them, and so the page's own address, each with its option of `molo audit`. */
const options = { app: '--app', actor: '--actor', action: '--action', target: '--target', ip: '--ip', since: '--since', until: '--until', q: '--search' } as const;

export type FilterName = keyof typeof options;
export const filterNames = Object.keys(options) as readonly FilterName[];
/** Which events: those that all of it is true for. */
export type AuditFilter = Readonly<Partial<Record<FilterName, string>>>;

export type ExportFormat = 'jsonl' | 'csv';

/** The filter in the address of the page. What is empty asks for nothing. */
export function filterIn(search: { get: (name: string) => string | null }): AuditFilter {
  return filterOf((name) => search.get(name) ?? '');
}

/** The filter of what is given for each of its parts. */
export function filterOf(given: (name: FilterName) => string): AuditFilter {
  return Object.fromEntries(filterNames.map((name) => [name, given(name).trim()]).filter(([, text]) => text !== ''));
}

export function isAll(filter: AuditFilter): boolean {
  return Object.keys(filter).length === 0;
}

export function pageAddress(filter: AuditFilter): string {
  return isAll(filter) ? '/audit' : `/audit?${new URLSearchParams(filter).toString()}`;
}

/** Of all events that the filter takes, however many. */
export function exportAddress(filter: AuditFilter, format: ExportFormat): string {
  return `${apiPrefix}${api.exportAudit.path}?${new URLSearchParams({ ...filter, format }).toString()}`;
}

/** What `molo audit` lists by itself, and what it lists at most. */
const [usualLimit, mostListed] = [50, 10_000];

/** Lists as many as the page shows. */
export function auditCommand(filter: AuditFilter, shown = usualLimit): string {
  return `molo audit${optionsOf(filter)}${shown > usualLimit ? ` --limit ${Math.min(shown, mostListed)}` : ''}`;
}

export function exportCommand(filter: AuditFilter, format: ExportFormat): string {
  return `molo audit${optionsOf(filter)} --export ${format} > audit.${format}`;
}

function optionsOf(filter: AuditFilter): string {
  return filterNames.map((name) => (filter[name] === undefined ? '' : ` ${options[name]} ${shellWord(filter[name])}`)).join('');
}
