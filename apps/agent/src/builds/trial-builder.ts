import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import { treeTar } from '../source/trial-tree.js';
import type { BuildOrder, BuildReport, BuiltImage, LayerKind } from '@molo/contracts';
import Docker from 'dockerode';
import { pino } from 'pino';
import { createBuilder, type BuilderOptions } from './create-builder.js';
import type { BuildControlPlane, BuildRunner } from './build-runner.js';
import { TrialRegistry } from './trial-registry.js';

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/', import.meta.url));
const run = promisify(execFile);

export interface Outcome {
  readonly reports: readonly BuildReport[];
  readonly log: string;
  /** Of a build that failed or was cancelled there is none. */
  readonly image: BuiltImage | undefined;
  readonly milliseconds: number;
}

export interface BuildOptions {
  readonly app: string;
  readonly order?: Partial<BuildOrder>;
  readonly signal?: AbortSignal;
  /** Called with the log whenever some of it arrives. */
  readonly onLog?: (buildId: string, log: string) => void;
}

/** Builds with a real engine and a real registry; the control plane's side is played. */
export class TrialBuilder {
  readonly docker = new Docker({ socketPath: '/var/run/docker.sock' });
  readonly runner: BuildRunner;
  readonly timings: Array<Record<string, number>> = [];
  private readonly orders = new Map<string, BuildOrder>();
  private readonly reports = new Map<string, BuildReport[]>();
  private readonly lines: string[] = [];
  private onLog: (log: string) => void = () => undefined;

  private constructor(
    readonly registry: TrialRegistry,
    options: Partial<BuilderOptions>,
  ) {
    this.runner = createBuilder(this.docker, this.controlPlane(), {
      cacheFolder: join(tmpdir(), 'molo-trial-cache'),
      nodeSecret: 'the secret of a node in trials',
      registryHost: registry.host,
      registryInsecure: true,
      registryLogin: undefined,
      registryCa: undefined,
      stack: 'debian-12',
      extraCa: siteCa,
      npmRegistry: undefined,
      proxy: {},
      log: pino({ level: 'debug' }, { write: (line: string) => this.noteTimings(line) }),
      ...options,
    }).runner;
  }

  static async start(options: Partial<BuilderOptions> = {}): Promise<TrialBuilder> {
    return new TrialBuilder(await TrialRegistry.start(), options);
  }

  async stop(): Promise<void> {
    const images = await this.docker.listImages({ filters: { label: ['molo.app'] } });
    const own = images.filter(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])].some((name) => name.startsWith(this.registry.host)));
    for (const { Id } of own) await this.docker.getImage(Id).remove({ force: true });
    await this.registry.stop();
  }

  /** Builds a fixture, changed by `edit` (path → new text). */
  async build(fixture: string, options: Partial<BuildOptions> & { readonly edit?: Readonly<Record<string, string>> } = {}): Promise<Outcome> {
    return this.buildTar(await fixtureTar(fixture, options.edit ?? {}), { ...options, app: options.app ?? fixture.replaceAll(/[^a-z0-9]+/g, '-') });
  }

  /** Builds a tree given file by file. */
  async buildTree(files: Readonly<Record<string, string | Buffer>>, options: BuildOptions): Promise<Outcome> {
    return this.buildTar(await treeTar(files), options);
  }

  async buildTar(tar: Buffer, options: BuildOptions): Promise<Outcome> {
    const { app } = options;
    const source = zstdCompressSync(tar);
    const digest = await this.registry.upload(app, source);
    const order: BuildOrder = {
      id: randomUUID(),
      deploymentId: randomUUID(),
      app,
      state: 'queued',
      source: { repository: app, digest, bytes: source.length },
      commit: 'c'.repeat(40),
      treeId: digest.slice(7, 47),
      imageRepository: `${this.registry.host}/${app}`,
      tags: ['v1', 'latest'],
      limits: { memoryBytes: 2 * 1024 ** 3, cpus: 2, timeoutSeconds: 600, diskBytes: 8 * 1024 ** 3 },
      config: {},
      ...options.order,
    };
    this.orders.set(order.id, order);
    this.reports.set(order.id, []);
    this.lines.length = 0;
    this.onLog = (log) => options.onLog?.(order.id, log);
    const begun = performance.now();
    const done = this.runner.run(order.id, options.signal ?? new AbortController().signal);
    await done;
    const reports = this.reports.get(order.id) ?? [];
    const last = reports.at(-1);
    return { reports, log: this.lines.join('\n'), image: last?.state === 'succeeded' ? last.image : undefined, milliseconds: performance.now() - begun };
  }

  /** Config and layers of an image, unzipped and one after the other; layers of the kinds in `without` are left out. */
  async contentOf(image: BuiltImage, without: readonly LayerKind[]): Promise<Buffer> {
    const repository = (await this.docker.getImage(image.imageId).inspect()).RepoTags[0]?.split('/')[1]?.split(':')[0] ?? '';
    const blob = async (digest: string) => Buffer.from(await (await fetch(`http://${this.registry.host}/v2/${repository}/blobs/${digest}`)).arrayBuffer());
    const layers = image.layers.filter(({ kind }) => !without.includes(kind)).map(async ({ digest }) => gunzipSync(await blob(digest)));
    return Buffer.concat([await blob(image.imageId), ...(await Promise.all(layers))]);
  }

  private noteTimings(line: string): void {
    const { ms } = JSON.parse(line) as { ms?: Record<string, number> };
    if (ms) this.timings.push(ms);
  }

  private controlPlane(): BuildControlPlane & { reportStack(): Promise<void> } {
    return {
      buildOrder: async (id) => this.orders.get(id) ?? Promise.reject(new Error('no such build')),
      reportBuild: async (id, report) => void this.reports.get(id)?.push(report),
      sendLogs: async (chunks) => {
        this.lines.push(...chunks.map(({ text }) => text));
        this.onLog(this.lines.join('\n'));
      },
      reportStack: async () => undefined,
    };
  }
}

/** The tree as `git archive` would give it. */
export async function fixtureTar(fixture: string, edit: Readonly<Record<string, string>>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'molo-fixture-'));
  try {
    await cp(join(fixtures, fixture), folder, { recursive: true });
    for (const [path, text] of Object.entries(edit)) await writeFile(join(folder, path), text);
    const { stdout } = await run('tar', ['-C', folder, '--owner=0', '--group=0', '-cf', '-', '.'], { encoding: 'buffer', maxBuffer: 1024 ** 3 });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The bundle of this machine: builds reach package registries as the machine does. */
const siteCa = await readFile('/etc/ssl/certs/ca-certificates.crt').catch(() => undefined);

