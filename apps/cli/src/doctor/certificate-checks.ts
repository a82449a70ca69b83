import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { count } from '../terminal/measures.js';
import { type Check, type Finding, ok, problem, warning } from './check.js';
import { worst } from './fullness.js';
import type { Machine } from './machine.js';

const dayMs = 86_400_000;
/** Set-up makes anew what ends within 30 days. */
const soonMs = 14 * dayMs;

/** A site's own CA bundle. `advice` says where it is named. */
export async function checkExtraCa(file: string | undefined, advice: string): Promise<Finding> {
  if (!file) return ok('none is named, and none is needed where no proxy looks into TLS');
  const certificates = certificatesIn(await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error));
  if (certificates instanceof Error) return problem(`${file} cannot be used: ${certificates.message}`, advice);
  // Every system's own bundle has a few that ended.
  const good = certificates.filter(({ validToDate }) => validToDate.getTime() > Date.now()).length;
  return good === 0 ? problem(`all certificates in ${file} have ended`, advice) : ok(`${file} holds ${count(good, 'certificate')} that ${good === 1 ? 'is' : 'are'} good`);
}

const unread: Readonly<Record<string, string>> = { ENOENT: 'it is not there', EACCES: 'you may not read it' };

function certificatesIn(text: string | NodeJS.ErrnoException): X509Certificate[] | Error {
  if (text instanceof Error) return new Error(unread[text.code ?? ''] ?? text.message);
  const blocks = text.match(/-----BEGIN (TRUSTED )?CERTIFICATE-----.+?-----END \1?CERTIFICATE-----/gs) ?? [];
  if (blocks.length === 0) return new Error('no certificate is in it');
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    return error as Error;
  }
}

/** What the platform trusts, and what it signs for itself. */
export function certificateChecks(machine: Machine): Check[] {
  const { home } = machine;
  const renew = 'npm start makes it anew.';
  return [
    { name: 'extra CA of builds', run: async () => checkExtraCa((await machine.kept()).settings['MOLO_EXTRA_CA'], "Name a file with the certificates of your site's CA, as PEM: MOLO_EXTRA_CA=… npm start") },
    {
      name: 'certificates',
      run: async () =>
        worst([
          await checkEnd(join(home, 'ca/ca.crt'), `All that it signed ends with it. Make another: mv ${join(home, 'ca')} ${join(home, 'ca.old')} && npm start`),
          await checkEnd(join(home, 'tls/registry.crt'), renew),
          await checkEnd(join(home, 'tls/registry-token.crt'), renew),
        ]),
    },
  ];
}

async function checkEnd(file: string, advice: string): Promise<Finding> {
  const certificates = certificatesIn(await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error));
  if (certificates instanceof Error) return problem(`${file} cannot be used: ${certificates.message}`, 'npm start makes what is missing.');
  const end = Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()));
  const day = new Date(end).toISOString().slice(0, 10);
  if (end < Date.now()) return problem(`${file} ended on ${day}`, advice);
  return end < Date.now() + soonMs ? warning(`${file} ends on ${day}`, advice) : ok(`${basename(file)} is good until ${day}`);
}
