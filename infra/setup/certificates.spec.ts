import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const home = mkdtempSync(join(tmpdir(), 'molo-certificates-'));
const registry = 'registry.certificates.test:5443';
const certificate = (path: string) => new X509Certificate(readFileSync(join(home, path)));

beforeAll(async () => {
  vi.stubEnv('MOLO_HOME', home);
  for (const folder of ['ca', 'tls']) mkdirSync(join(home, folder));
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
  rmSync(join('/etc/docker/certs.d', registry), { recursive: true, force: true });
});

it('makes certificates of one authority that hold before the clock was set back, and makes them once', async () => {
  const { ensureCertificates } = await import('./certificates.ts');
  const settings = { MOLO_DOMAIN: 'localhost', MOLO_REGISTRY_HOST: registry };
  expect(await ensureCertificates(settings, undefined)).toBe('made CA, registry, registry-token');
  const authority = certificate('ca/ca.crt');
  expect(authority.ca).toBe(true);
  for (const made of [authority, certificate('tls/registry.crt'), certificate('tls/registry-token.crt')]) {
    expect(made.checkIssued(authority)).toBe(true);
    expect(made.verify(authority.publicKey)).toBe(true);
    expect(Date.now() - made.validFromDate.getTime()).toBeGreaterThan(23 * 3_600_000);
    expect(made.validToDate.getTime() - Date.now()).toBeGreaterThan(800 * 24 * 3_600_000);
  }
  expect(certificate('tls/registry.crt').checkHost('registry.certificates.test')).toBe('registry.certificates.test');
  expect(await ensureCertificates(settings, undefined)).toBe('valid');
});
