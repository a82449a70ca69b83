import { hostname, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What infra/ takes from its environment. The platform's own settings are worked out in setup/settings.ts. */
const environment: Readonly<Record<string, string | undefined>> = process.env;

export const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
export const isRoot = process.getuid?.() === 0;
export const moloHome = environment['MOLO_HOME'] || (isRoot ? '/var/lib/molo' : join(homedir(), '.molo'));
export const machineName = hostname();
export const nodeProgram = process.execPath;

/** npm as the machine has it: program and first arguments. */
export const npmCommand: readonly string[] = JSON.parse(environment['MOLO_NPM'] ?? '["npm"]') as string[];

/** A setting that the caller gave, undefined when it is absent. Empty means: back to the default. */
export function given(name: string): string | undefined {
  return environment[name];
}

/** What the caller gave under names that begin so. */
export function givenUnder(prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[0].startsWith(prefix) && entry[1] !== undefined));
}

/** The environment for a child: ours, with some of it replaced or, where undefined, left out. */
export function childEnvironment(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const merged = { ...environment, ...changes };
  return Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** What the caller has set is about their platform; one of the project's own, for tests and figures, begins without it. */
export function withoutMolo(): Record<string, undefined> {
  const names = Object.keys(environment).filter((name) => name.startsWith('MOLO_') && name !== 'MOLO_EXTRA_CA' && name !== 'MOLO_NPM');
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** What the machine needs to reach the outside, handed on to the services. */
export const outsideNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'NODE_EXTRA_CA_CERTS'] as const;

/**
 * The site's own certificates, which builds need where a proxy looks into TLS: named by the caller, or the ones
 * that Node, OpenSSL or npm have been told of already.
 */
export const siteCertificates = [environment['NODE_EXTRA_CA_CERTS'], environment['SSL_CERT_FILE'], environment['npm_config_cafile']].find(Boolean);
