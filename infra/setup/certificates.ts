import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, machineName, moloHome } from '../config.ts';
import { output } from '../terminal/run.ts';
import { makeFolder, writeAtomically, type Owner } from './files.ts';
import type { Settings } from './settings.ts';

const authorityDays = 3650;
const leafDays = 825;
const dayMs = 86_400_000;
const renewBeforeMs = 30 * dayMs;
/** Valid since before it was made: a machine that is set up while its clock is ahead has it set back soon. */
const backdatedMs = dayMs;

const authority = { certificate: join(moloHome, 'ca/ca.crt'), key: join(moloHome, 'ca/ca.key') };

/** The internal CA and what it signs: the registry's TLS certificate, and the one whose key signs registry tokens. */
export async function ensureCertificates(settings: Settings, owner: Owner | undefined): Promise<string> {
  const made = (await ensureAuthority()) ? ['CA'] : [];
  const hosts = [...new Set(['localhost', '127.0.0.1', settings['MOLO_DOMAIN'] ?? 'localhost', `molo.${settings['MOLO_DOMAIN']}`, machineName, settings['MOLO_REGISTRY_HOST']?.split(':')[0] ?? 'localhost'])];
  if (await ensureLeaf('registry', hosts, owner)) made.push('registry');
  if (await ensureLeaf('registry-token', ['molo-registry-token'], owner)) made.push('registry-token');
  trustInDocker(settings['MOLO_REGISTRY_HOST'] ?? '');
  return made.length > 0 ? `made ${made.join(', ')}` : 'valid';
}

async function ensureAuthority(): Promise<boolean> {
  if (existsSync(authority.certificate) && existsSync(authority.key)) return false;
  await inScratch(async (scratch) => {
    const config = join(scratch, 'ca.cnf');
    const [key, request, extensions] = [join(scratch, 'ca.key'), join(scratch, 'ca.csr'), join(scratch, 'ca.ext')];
    writeFileSync(config, requestFor('Molo internal CA'));
    writeFileSync(extensions, 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n');
    await makeKey(key);
    await output('openssl', ['req', '-new', '-key', key, '-config', config, '-out', request]);
    const certificate = await sign(scratch, request, extensions, authorityDays, ['-selfsign', '-keyfile', key]);
    place(key, authority.key, 0o600, undefined);
    place(certificate, authority.certificate, 0o644, undefined);
  });
  return true;
}

async function ensureLeaf(name: string, hosts: readonly string[], owner: Owner | undefined): Promise<boolean> {
  const [certificate, key] = [join(moloHome, 'tls', `${name}.crt`), join(moloHome, 'tls', `${name}.key`)];
  if (existsSync(key) && isGood(certificate, hosts)) return false;
  await inScratch(async (scratch) => {
    const at = (file: string) => join(scratch, file);
    writeFileSync(at('request.cnf'), requestFor(hosts[0] ?? ''));
    writeFileSync(at('leaf.ext'), `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=${alternativeNames(hosts)}\n`);
    await makeKey(at('leaf.key'));
    await output('openssl', ['req', '-new', '-key', at('leaf.key'), '-config', at('request.cnf'), '-out', at('leaf.csr')]);
    const signed = await sign(scratch, at('leaf.csr'), at('leaf.ext'), leafDays, ['-cert', authority.certificate, '-keyfile', authority.key]);
    place(at('leaf.key'), key, 0o600, owner);
    place(signed, certificate, 0o644, undefined);
  });
  return true;
}

function requestFor(name: string): string {
  return `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nO=Molo\nCN=${name}\n`;
}

/** By `openssl ca`, the one command of OpenSSL 3.0 that lets the beginning be chosen. @returns the certificate's path */
async function sign(scratch: string, request: string, extensions: string, days: number, signer: readonly string[]): Promise<string> {
  const [config, database, certificate] = [join(scratch, 'sign.cnf'), join(scratch, 'index'), join(scratch, 'signed.crt')];
  writeFileSync(database, '');
  writeFileSync(config, `[ca]\ndefault_ca=molo\n[molo]\ndatabase=${database}\nnew_certs_dir=${scratch}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n[any]\norganizationName=supplied\ncommonName=supplied\n`);
  const begin = Date.now() - backdatedMs;
  const validity = ['-startdate', asn1Time(begin), '-enddate', asn1Time(begin + days * dayMs)];
  await output('openssl', ['ca', '-batch', '-notext', '-config', config, '-in', request, '-extfile', extensions, ...validity, ...signer, '-out', certificate]);
  return certificate;
}

/** YYYYMMDDHHMMSSZ */
function asn1Time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, '');
}

function isGood(path: string, hosts: readonly string[]): boolean {
  if (!existsSync(path)) return false;
  const certificate = new X509Certificate(readFileSync(path));
  const signer = new X509Certificate(readFileSync(authority.certificate));
  const names = (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  return certificate.validToDate.getTime() - Date.now() > renewBeforeMs && certificate.verify(signer.publicKey) && hosts.every((host) => names.includes(host));
}

function alternativeNames(hosts: readonly string[]): string {
  return hosts.map((host) => (isIP(host) ? `IP:${host}` : `DNS:${host}`)).join(',');
}

/** P-256 in PKCS#8: what Node, Go's registry and HAProxy all read. */
async function makeKey(path: string): Promise<void> {
  await output('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path]);
}

async function inScratch(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'molo-certificates-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function place(from: string, to: string, mode: number, owner: Owner | undefined): void {
  const fresh = `${to}.new`;
  writeFileSync(fresh, readFileSync(from), { mode });
  chmodSync(fresh, mode);
  if (owner) chownSync(fresh, owner.uid, owner.gid);
  renameSync(fresh, to);
}

/** Docker reads this folder at each connection: the daemon needs no restart. */
function trustInDocker(registry: string): void {
  if (!isRoot) return;
  const folder = join('/etc/docker/certs.d', registry);
  makeFolder(folder);
  writeAtomically(join(folder, 'ca.crt'), readFileSync(authority.certificate, 'utf8'));
}
