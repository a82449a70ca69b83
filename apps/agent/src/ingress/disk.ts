import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '@molo/contracts';
import { writeWhole } from '../atomic-file.js';
import type { Log } from '../logger.js';
import { ingressPaths, type IngressPaths, type IngressSettings } from './config.js';
import { platformPart, readState, renderFiles, withPools } from './config-file.js';
import { thisMachine } from './machine.js';
import { renderPages } from './pages.js';
import type { ProxyState } from './proxy-state.js';

const run = promisify(execFile);

/** Many switches at once are written once. */
const settleMs = 50;
/** A disk that is full may be emptied. */
const retryMs = 1000;

/** The files that HAProxy starts from, kept equal to what it has. */
export class StateFiles {
  private pending: ProxyState | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** The platform's part of the configuration that HAProxy runs with. */
  private loaded: string | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: IngressSettings,
    private readonly log: Log,
  ) {}

  /** In turn with what was saved before. @returns whether HAProxy has to load it: it started from other settings, and has not loaded these since */
  prepare(running: ProxyState | null): Promise<boolean> {
    const written = this.writing.then(async () => {
      this.loaded ??= await writtenPlatformPart(this.settings);
      await writeInitialConfig(this.settings, running);
      return this.loaded !== (await writtenPlatformPart(this.settings));
    });
    this.writing = written.then(() => undefined, () => undefined);
    return written;
  }

  /** HAProxy has loaded what is written. */
  async wereLoaded(): Promise<void> {
    this.loaded = await writtenPlatformPart(this.settings);
  }

  /** Soon, off the path of the switch, and again until it was done: a failure leaves the files as they were. */
  save(state: ProxyState): void {
    this.pending = state;
    this.flushIn(settleMs);
  }

  async saveNow(state: ProxyState): Promise<void> {
    this.pending = state;
    await this.flush();
  }

  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const write = this.writing.then(() => this.writePending());
    this.writing = write.catch(() => undefined);
    await write;
  }

  private flushIn(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => {
        this.log.error({ err: error }, 'what HAProxy starts from cannot be written; tried again');
        this.flushIn(retryMs);
      });
    }, ms).unref();
  }

  private async writePending(): Promise<void> {
    const state = this.pending;
    if (state === null) return;
    // Given back before it is written: it is the same object that may change, and be pending again, meanwhile.
    this.pending = null;
    try {
      await writeState(this.settings, state);
    } catch (error) {
      this.pending ??= state;
      throw error;
    }
  }
}

/** Makes the files be what `state` is. A configuration that HAProxy refuses replaces nothing. */
export async function writeState(settings: IngressSettings, state: ProxyState): Promise<void> {
  const paths = ingressPaths(settings.home);
  const files = renderFiles(settings, paths, thisMachine(), state);
  const candidate = `${paths.config}.next`;
  await writeIfChanged(candidate, files.get(paths.config) ?? '');
  await validate(settings, candidate);
  for (const [file, content] of files) {
    if (file !== paths.config) await writeIfChanged(file, content);
  }
  await rename(candidate, paths.config);
}

/**
 * Writes what HAProxy starts from, with the present settings. What runs, or else what an earlier configuration serves,
 * stays in it.
 */
export async function writeInitialConfig(settings: IngressSettings, running: ProxyState | null = null): Promise<void> {
  const paths = ingressPaths(settings.home);
  await writePages(settings);
  await mkdir(dirname(paths.runtimeSocket), { recursive: true });
  for (const map of [paths.hostsMap, paths.environmentsMap, paths.serversMap]) {
    if (!existsSync(map)) await writeIfChanged(map, '');
  }
  const before = await readFile(paths.config, 'utf8').catch(() => '');
  const state = withPools(running ?? readState(before, await readMaps(paths)), settings.pool);
  await writeState(settings, state);
}

/** All but the pools' servers, which HAProxy takes at runtime. */
async function writtenPlatformPart(settings: IngressSettings): Promise<string> {
  return platformPart(await readFile(ingressPaths(settings.home).config, 'utf8').catch(() => ''));
}

async function readMaps(paths: IngressPaths): Promise<{ hosts: string; environments: string; servers: string }> {
  const [hosts = '', environments = '', servers = ''] = await Promise.all(
    [paths.hostsMap, paths.environmentsMap, paths.serversMap].map((file) => readFile(file, 'utf8')),
  );
  return { hosts, environments, servers };
}

async function writePages(settings: IngressSettings): Promise<void> {
  const { pages } = ingressPaths(settings.home);
  for (const [name, content] of renderPages()) await writeIfChanged(join(pages, name), content);
}

async function validate(settings: IngressSettings, file: string): Promise<void> {
  try {
    await run(settings.haproxy, ['-c', '-f', file]);
  } catch (cause) {
    throw new AppError('ingress_failed', { detail: 'HAProxy refuses the configuration that Molo wrote; the one before stays. See the log of the agent.', cause });
  }
}

/** The same content is not written again. */
async function writeIfChanged(file: string, content: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => null)) === content) return;
  await mkdir(dirname(file), { recursive: true });
  await writeWhole(file, content, { mode: 0o640, isDurable: true });
}
