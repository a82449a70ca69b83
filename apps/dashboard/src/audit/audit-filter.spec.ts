import { execFileSync } from 'node:child_process';
import { api } from '@molo/contracts';
import { describe, expect, it } from 'vitest';
import { auditCommand, type AuditFilter, exportAddress, exportCommand, filterIn, filterNames, pageAddress } from './audit-filter';

const filter: AuditFilter = { app: 'shop', actor: "Ada's +1", action: 'config.', target: 'shop/production', ip: '::1', since: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00+01:00', q: 'key & "größe"' };
const query = (address: string) => new URL(address, 'http://molo.invalid').searchParams;

describe('a filter of the audit', () => {
  it('has the parts that the API has', () => {
    expect(filterNames.toSorted()).toEqual(Object.keys(api.listAudit.query.shape).filter((name) => name !== 'cursor' && name !== 'limit').toSorted());
  });

  it('is kept whole in the address of the page, and what is empty is not in it', () => {
    expect(filterIn(query(pageAddress(filter)))).toEqual(filter);
    expect(filterIn(query('/audit?actor=%20&q=&view=people'))).toEqual({});
    expect(pageAddress({})).toBe('/audit');
  });

  it('is kept by both exports, as the API takes it', () => {
    for (const format of ['jsonl', 'csv'] as const) {
      const address = exportAddress(filter, format);
      expect(address).toMatch(/^\/api\/v1\/audit\/export\?/);
      expect(api.exportAudit.query.parse(Object.fromEntries(query(address)))).toEqual({ ...filter, format });
    }
    expect(api.exportAudit.query.parse(Object.fromEntries(query(exportAddress({}, 'csv'))))).toEqual({ format: 'csv' });
  });

  it('is shown as the command, word by word as a shell takes it', () => {
    const words = execFileSync('sh', ['-c', `molo() { for word; do printf '%s\\n' "$word"; done; }; ${auditCommand(filter)}`], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(words).toEqual(['audit', '--app', 'shop', '--actor', "Ada's +1", '--action', 'config.', '--target', 'shop/production', '--ip', '::1', '--since', '2026-01-01T00:00:00Z', '--until', '2026-02-01T00:00:00+01:00', '--search', 'key & "größe"']);
  });

  it('is asked for by command as far as the page shows, or exported to a file', () => {
    expect([50, 120, 20_000].map((shown) => auditCommand({ app: 'shop' }, shown))).toEqual(['molo audit --app shop', 'molo audit --app shop --limit 120', 'molo audit --app shop --limit 10000']);
    expect(exportCommand({ app: 'shop' }, 'csv')).toBe('molo audit --app shop --export csv > audit.csv');
  });
});
