import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '@molo/contracts';
import { fetch, type Dispatcher } from 'undici';
import { z } from 'zod';
import { writeWhole } from '../atomic-file.js';

const Packument = z.object({
  versions: z.record(
    z.string(),
    z.object({ dist: z.object({ tarball: z.url(), integrity: z.string().optional() }), engines: z.unknown().optional(), bin: z.record(z.string(), z.string()).or(z.string()).optional() }),
  ),
  time: z.record(z.string(), z.string()).optional(),
});
export type Packument = z.infer<typeof Packument>;

const abbreviated = 'application/vnd.npm.install-v1+json';
/** Packages whose dates of release matter: only the long form of the list has them. */
const withTimes = /^node-linux-/;

/** A list of versions this old is still used at once, and fetched anew beside it. */
const freshMs = 60 * 60 * 1000;

interface Cached {
  readonly fetchedAt: number;
  readonly packument: Packument;
}

/** Packages of the npm registry: their versions (kept on disk, so that a build needs no network for them) and their files. */
export class NpmRegistry {
  private readonly known = new Map<string, Cached>();
  private readonly refreshing = new Map<string, Promise<Cached>>();

  constructor(
    private readonly settings: { readonly url: string; readonly cacheFolder: string; readonly dispatcher: Dispatcher },
  ) {}

  async packument(name: string): Promise<Packument> {
    const cached = this.known.get(name) ?? (await this.fromDisk(name));
    if (!cached) return (await this.refresh(name)).packument;
    if (Date.now() - cached.fetchedAt > freshMs) this.refresh(name).catch(() => undefined);
    return cached.packument;
  }

  /** Asks again, whatever is known: for a version that is not among the known ones. */
  async newestPackument(name: string): Promise<Packument> {
    return (await this.refresh(name)).packument;
  }

  /** Downloads a version's tarball to a file; its integrity is what the registry's list of versions says. */
  async download(name: string, version: string, file: string): Promise<void> {
    const dist = (await this.packument(name)).versions[version]?.dist;
    if (!dist) throw new AppError('runtime_version_unknown', { detail: `The npm registry has no ${name} ${version}.` });
    const hash = createHash('sha512');
    try {
      const response = await fetch(dist.tarball, { dispatcher: this.settings.dispatcher });
      if (!response.ok || !response.body) throw new Error(`${dist.tarball} answered ${response.status}`);
      const body = Readable.fromWeb(response.body);
      body.on('data', (chunk: Buffer) => hash.update(chunk));
      await pipeline(body, createWriteStream(file));
    } catch (cause) {
      throw unreachable(name, cause);
    }
    const expected = dist.integrity?.split(' ').find((each) => each.startsWith('sha512-'));
    if (expected === undefined || expected === `sha512-${hash.digest('base64')}`) return;
    await rm(file, { force: true });
    throw new AppError('unavailable', { detail: `What the npm registry sent as ${name} ${version} is not what it announced. Try again.` });
  }

  private async fromDisk(name: string): Promise<Cached | undefined> {
    const text = await readFile(this.file(name), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const stored = z.object({ fetchedAt: z.number(), packument: Packument }).parse(JSON.parse(text));
      this.known.set(name, stored);
      return stored;
    } catch {
      return undefined;
    }
  }

  private refresh(name: string): Promise<Cached> {
    const running = this.refreshing.get(name);
    if (running) return running;
    const started = this.ask(name).finally(() => this.refreshing.delete(name));
    this.refreshing.set(name, started);
    return started;
  }

  private async ask(name: string): Promise<Cached> {
    let packument: Packument;
    try {
      const url = new URL(name.replace('/', '%2f'), `${this.settings.url.replace(/\/$/, '')}/`);
      const response = await fetch(url, { dispatcher: this.settings.dispatcher, headers: { accept: withTimes.test(name) ? 'application/json' : abbreviated } });
      if (!response.ok) throw new Error(`the registry answered ${response.status}`);
      packument = Packument.parse(await response.json());
    } catch (cause) {
      throw unreachable(name, cause);
    }
    const cached = { fetchedAt: Date.now(), packument };
    this.known.set(name, cached);
    await writeWhole(this.file(name), JSON.stringify(cached));
    return cached;
  }

  private file(name: string): string {
    return join(this.settings.cacheFolder, `npm-${name.replace('/', '+')}.json`);
  }
}

function unreachable(name: string, cause: unknown): AppError {
  return new AppError('unavailable', {
    detail: `${name} could not be had from the npm registry. Check that this node reaches it (npm_config_registry, HTTPS_PROXY, MOLO_EXTRA_CA).`,
    cause,
  });
}
