import type { AuditEvent } from '@molo/contracts';
import { describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';

const bed = new Bed();
const at = '2026-01-02T03:04:05.000Z';
const event: AuditEvent = { id: '7', at, actor: { kind: 'token', name: 'laptop of Ada' }, actorId: null, ip: '10.0.0.1', action: 'config.changed', target: 'myapp/production', before: null, after: { KEY: '(secret)' } };
const page = (...items: AuditEvent[]) => ({ items, nextCursor: null });

describe('the audit', () => {
  test('is listed as a table or as JSON, by all filters together', async () => {
    const { asked } = await bed.serve({ listAudit: () => page(event) });
    const filters = ['--app', 'myapp', '--actor', 'ada@example.com', '--action', 'config.', '--target', 'myapp', '--ip', '10.0.0.1', '--since', '2026-01-01T00:00:00+01:00', '--until', '2026-02-01T00:00:00Z', '--search', 'key'];
    const outcome = await bed.home.molo(['audit', ...filters, '--limit', '7']);
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/^AT +WHO +AS +FROM +DID +TO\n2026-01-02T03:04:05\.000Z +laptop of Ada +token +10\.0\.0\.1 +config\.changed +myapp\/production\n$/) as string });
    expect(asked[0]?.query).toEqual({ limit: 7, app: 'myapp', actor: 'ada@example.com', action: 'config.', target: 'myapp', ip: '10.0.0.1', since: '2025-12-31T23:00:00.000Z', until: '2026-02-01T00:00:00.000Z', q: 'key' });
    expect(JSON.parse((await bed.home.molo(['audit', '--json'])).stdout)).toEqual([event]);
  });

  test('is asked for from some time ago on', async () => {
    const { asked } = await bed.serve({ listAudit: () => page() });
    expect(await bed.home.molo(['audit', '--since', '2h'])).toMatchObject({ code: 0, stderr: expect.stringContaining('molo audit lists all') as string });
    expect(Math.abs(Date.now() - 7_200_000 - Date.parse(String(asked[0]?.query['since'])))).toBeLessThan(60_000);
  });

  test.each([['--since', 'yesterday'], ['--until', '2026-02-31'], ['--since', '2026-01-01T25:00'], ['--export', 'xml']])('is not asked for by %s %s', async (option, value) => {
    const { asked } = await bed.serve({ listAudit: () => page() });
    expect((await bed.home.molo(['audit', option, value])).code).toBe(2);
    expect(asked).toEqual([]);
  });
});

describe('an export of the audit', () => {
  test('goes to stdout as it comes, byte for byte', async () => {
    const { asked } = await bed.serve({
      exportAudit: async function* () {
        for (let id = 0; id < 5000; id++) yield await Promise.resolve({ ...event, id: String(id), target: 'größe' });
      },
    });
    const { code, stdout } = await bed.home.molo(['audit', '--export', 'jsonl', '--action', 'config']);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').map((text) => (JSON.parse(text) as AuditEvent).id)).toEqual(Array.from({ length: 5000 }, (_, id) => String(id)));
    expect(stdout).toContain('größe');
    expect(asked[0]?.query).toEqual({ format: 'jsonl', action: 'config' });
  });

  test('that breaks off ends with an error', async () => {
    await bed.serve({
      exportAudit: async function* () {
        yield await Promise.resolve(event);
        throw new Error('the platform dies');
      },
    });
    expect(await bed.home.molo(['audit', '--export', 'csv'])).toMatchObject({ code: 5, stdout: expect.stringContaining('laptop of Ada') as string, stderr: expect.stringContaining('does not answer') as string });
  });
});
