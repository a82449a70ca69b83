import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { StackReport } from '@molo/contracts';
import type Docker from 'dockerode';
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import type { Log } from '../logger.js';
import { BuildLimits } from './build-limits.js';
import { BuildRunner, type BuildControlPlane } from './build-runner.js';
import { NpmRegistry } from './npm-registry.js';
import { RegistryClient } from './registry-client.js';
import { NpmRuntimeVersions } from './runtime-versions.js';
import { Stacks } from './stacks.js';
import { Toolchains } from './toolchains.js';

export interface BuilderOptions {
  readonly cacheFolder: string;
  /** Known to no app. */
  readonly nodeSecret: string;
  readonly registryHost: string;
  /** Plain HTTP: for a registry of tests alone. */
  readonly registryInsecure: boolean;
  readonly registryLogin: { readonly username: string; readonly password: string } | undefined;
  /** Molo's own CA. */
  readonly registryCa: Buffer | undefined;
  readonly stack: string;
  readonly extraCa: Buffer | undefined;
  readonly npmRegistry: string | undefined;
  readonly proxy: Readonly<Record<string, string>>;
  readonly debianMirror?: string | undefined;
  readonly log: Log;
}

export interface Builder {
  readonly runner: BuildRunner;
  readonly stacks: Stacks;
  /** Holds what is there while builds run; what is found in it when none does was left behind. */
  readonly workFolder: string;
}

/** Whoever is silent for this long in the middle of an answer is away. */
const silenceMs = 60_000;
const timeouts = { headersTimeout: silenceMs, bodyTimeout: silenceMs };

/** Puts the parts of a builder together. */
export function createBuilder(docker: Docker, controlPlane: BuildControlPlane & { reportStack(stack: StackReport): Promise<void> }, options: BuilderOptions): Builder {
  const arch = process.arch;
  const workFolder = join(options.cacheFolder, 'work');
  const npm = new NpmRegistry({ url: options.npmRegistry ?? 'https://registry.npmjs.org', cacheFolder: options.cacheFolder, dispatcher: outward(options) });
  const toolchains = new Toolchains(docker, npm, { workFolder, arch });
  const stacks = new Stacks(docker, { cacheFolder: options.cacheFolder, workFolder, mirror: options.debianMirror, proxy: lowerCase(options.proxy) }, (stack) => controlPlane.reportStack(stack));
  const registry = new RegistryClient({
    host: options.registryHost,
    insecure: options.registryInsecure,
    credentials: options.registryLogin,
    dispatcher: new Agent({ ...timeouts, keepAliveTimeout: 60_000, connect: options.registryCa ? { secureContext: trusting(options.registryCa) } : {} }),
  });
  const planning = { stack: options.stack, hasExtraCa: options.extraCa !== undefined, npmRegistry: options.npmRegistry, versions: new NpmRuntimeVersions(npm, arch) };
  const settings = { workFolder, planning, nodeSecret: options.nodeSecret, extraCa: options.extraCa, proxy: options.proxy, registryHost: options.registryHost, registryLogin: options.registryLogin };
  const runner = new BuildRunner({ docker, controlPlane, registry, toolchains, stacks, limits: new BuildLimits(), log: options.log, settings });
  return { runner, stacks, workFolder };
}

/** The way to the npm registry: through the site's proxy, trusting its CA. */
function outward({ extraCa, proxy }: BuilderOptions): Dispatcher {
  const connect = extraCa ? { secureContext: trusting(extraCa) } : {};
  const { HTTP_PROXY, HTTPS_PROXY, NO_PROXY } = proxy;
  if (HTTP_PROXY === undefined && HTTPS_PROXY === undefined) return new Agent({ ...timeouts, connect });
  return new EnvHttpProxyAgent({ ...timeouts, connect, ...(HTTP_PROXY ? { httpProxy: HTTP_PROXY } : {}), ...(HTTPS_PROXY ? { httpsProxy: HTTPS_PROXY } : {}), ...(NO_PROXY ? { noProxy: NO_PROXY } : {}) });
}

/** Made once: to read more than a hundred certificates takes 10 ms and 1 MB, which each connection would do anew. */
function trusting(ca: Buffer): SecureContext {
  return createSecureContext({ ca: [...rootCertificates, ca.toString()] });
}

function lowerCase(proxy: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(proxy).map(([key, value]) => [key.toLowerCase(), value]));
}
