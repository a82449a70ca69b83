import { rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError, type BuildOrder, type BuildReport, type BuiltImage, type LogChunk } from '@molo/contracts';
import type Docker from 'dockerode';
import type { AppPlan, PlanSettings } from '../source/app-plan.js';
import { cacheIds } from '../source/cache-ids.js';
import { planApp } from '../source/plan-app.js';
import { SourceTree } from '../source/source-tree.js';
import type { Log } from '../logger.js';
import { foreignImage, imageOfStep } from './base-images.js';
import { BuildBounds, LimitReached } from './build-bounds.js';
import { buildFailure, lacksFrontend } from './build-failure.js';
import type { BuildLimits } from './build-limits.js';
import { BuildLog } from './build-log.js';
import { BuildStory, tellPlan } from './build-story.js';
import type { RegistryLogin } from './buildkit-session.js';
import type { TraceEvent } from './buildkit-trace.js';
import { buildImage } from './image-build.js';
import type { ImagePush } from './image-push.js';
import { madeImage } from './made-image.js';
import type { RegistryClient } from './registry-client.js';
import { unpackSource } from './source-download.js';
import type { Stacks } from './stacks.js';
import { StepTimes } from './step-times.js';
import { imageReference, storeImage } from './stored-image.js';
import type { Toolchains } from './toolchains.js';
import { whileUnavailable } from './while-unavailable.js';

/** What a build says to the control plane. */
export interface BuildControlPlane {
  buildOrder(buildId: string, signal?: AbortSignal): Promise<BuildOrder>;
  reportBuild(buildId: string, report: BuildReport, signal?: AbortSignal): Promise<void>;
  sendLogs(chunks: readonly LogChunk[], signal?: AbortSignal): Promise<void>;
}

export interface BuildSettings {
  /** For what is there while a build runs; the agent empties it when it starts. */
  readonly workFolder: string;
  readonly planning: Omit<PlanSettings, 'caches'>;
  /** Keeps the caches of one app's builds from another's. */
  readonly nodeSecret: string;
  /** The site's CA bundle, handed to steps as the secret `molo-ca`. */
  readonly extraCa: Buffer | undefined;
  /** `HTTP_PROXY` and the like, for the steps of a build. */
  readonly proxy: Readonly<Record<string, string>>;
  /** `HOST:PORT` of the registry. */
  readonly registryHost: string;
  readonly registryLogin: { readonly username: string; readonly password: string } | undefined;
}

export interface BuildParts {
  readonly docker: Docker;
  readonly controlPlane: BuildControlPlane;
  readonly registry: RegistryClient;
  readonly toolchains: Toolchains;
  readonly stacks: Stacks;
  readonly limits: BuildLimits;
  readonly log: Log;
  readonly settings: BuildSettings;
}

/** Why a build was told to end, beside a limit. Any other reason is the agent's own end: the build is taken up again. */
class Cancelled extends Error {}

/** Carries builds from their order to a stored image. Running one again is safe: what was done before is found in caches. */
export class BuildRunner {
  private readonly running = new Map<string, AbortController>();
  private readonly bounds: BuildBounds;

  constructor(private readonly parts: BuildParts) {
    this.bounds = new BuildBounds(parts.docker);
  }

  /** Ends a build that runs here; it is then reported as cancelled. */
  cancel(buildId: string): void {
    this.running.get(buildId)?.abort(new Cancelled('The build was cancelled.'));
  }

  async run(buildId: string, agentSignal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    this.running.set(buildId, stop);
    try {
      const order = withinMachine(await this.parts.controlPlane.buildOrder(buildId, agentSignal));
      if (['succeeded', 'failed', 'cancelled'].includes(order.state)) return;
      await this.report(order, await this.bounded(order, stop, agentSignal), agentSignal);
    } finally {
      this.running.delete(buildId);
    }
  }

  /** An attempt, ended when it takes too long or too much of the disk. */
  private async bounded(order: BuildOrder, stop: AbortController, agentSignal: AbortSignal): Promise<BuildReport> {
    const endWatch = await this.bounds.watch(order.limits, (reason) => stop.abort(reason));
    try {
      return await this.attempt(order, AbortSignal.any([agentSignal, stop.signal]));
    } finally {
      endWatch();
    }
  }

  private async report(order: BuildOrder, report: BuildReport, signal: AbortSignal): Promise<void> {
    const { controlPlane } = this.parts;
    await controlPlane.reportBuild(order.id, report, signal).catch(async (error: unknown) => {
      if (!(error instanceof AppError) || error.retryable || report.state === 'failed') throw error;
      // What the control plane will never take is not built again and again.
      await controlPlane.reportBuild(order.id, { state: 'failed', failure: error.toFailure() }, signal);
    });
  }

  /** One run of a build, up to the report that ends it. Its log has arrived before. */
  private async attempt(order: BuildOrder, signal: AbortSignal): Promise<BuildReport> {
    const log = this.openLog(order);
    if (order.state !== 'queued') log.heading('The build was interrupted and is taken up again');
    try {
      return { state: 'succeeded', image: await this.make(order, log, signal) };
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      if (reason instanceof Cancelled) return { state: 'cancelled' };
      if (signal.aborted && !(reason instanceof LimitReached)) throw reason;
      const failure = asAppError(reason);
      this.parts.log[failure.code === 'internal' ? 'error' : 'info']({ build: order.id, code: failure.code, err: failure.cause }, 'build failed');
      return { state: 'failed', failure: failure.toFailure() };
    } finally {
      await log.close();
    }
  }

  /** The whole way: source, plan, image, registry. */
  private async make(order: BuildOrder, log: BuildLog, signal: AbortSignal): Promise<BuiltImage> {
    const { controlPlane, docker, registry, settings } = this.parts;
    const times = new StepTimes();
    const reporting = controlPlane.reportBuild(order.id, { state: 'building' }, signal);
    reporting.catch(() => undefined);
    const archive = await times.of('source', whileUnavailable(() => this.fetchSource(order, signal), signal));
    try {
      const tree = await times.of('read', SourceTree.read(archive));
      const planning = { ...settings.planning, caches: cacheIds(settings.nodeSecret, order.app) };
      const plan = await times.of('plan', unlessAborted(planApp(tree, planning), signal));
      tellPlan(log, plan);
      if (tree.hasFile('.gitmodules')) log.detail('Submodules are not fetched: their folders are empty');
      await times.of('prepare', unlessAborted(whileUnavailable(() => this.prepare(order, plan, log), signal), signal));
      const imageId = await times.of('build', whileUnavailable(() => this.build(order, plan, tree, log, signal), signal));
      const made = await madeImage(docker, plan, imageId, signal);
      await reporting;
      const pushing = controlPlane.reportBuild(order.id, { state: 'pushing', image: made }, signal);
      pushing.catch(() => undefined);
      const image = await times.of('push', storeImage({ docker, registry, log }, order, plan, made, this.pushLogin(), signal));
      await pushing;
      this.parts.log.debug({ build: order.id, ms: times.spent }, 'build timed');
      return image;
    } finally {
      await rm(archive, { force: true });
    }
  }

  private async fetchSource(order: BuildOrder, signal: AbortSignal): Promise<string> {
    const file = join(this.parts.settings.workFolder, `${order.id}.tar`);
    const blob = await this.parts.registry.blob(order.source.repository, order.source.digest, signal);
    await unpackSource(blob, order.source.digest, file, signal);
    return file;
  }

  /** Sees to it that all is there that the Dockerfile copies from. */
  private async prepare(order: BuildOrder, plan: AppPlan, log: BuildLog): Promise<void> {
    const { limits, stacks, toolchains } = this.parts;
    const missing = plan.manifest.buildSecrets.filter((key) => order.config[key] === undefined);
    if (missing.length > 0) {
      throw new AppError('manifest_invalid', { detail: `molo.yml: build.secrets names ${missing.join(', ')}, which this build does not get. Set it: molo config set ${missing[0]}=… A build that waits for approval gets no config at all: push to an environment that is not protected, and promote.` });
    }
    for (const image of plan.image.images) {
      const refusal = foreignImage(image, order.imageRepository);
      if (refusal) throw refusal;
    }
    const limited = await limits.apply(order.limits);
    if (!limited) this.parts.log.warn('the limits of builds cannot be set: the agent may not write cgroups');
    const say = (line: string) => log.detail(line);
    await Promise.all([...plan.image.stacks.map((stack) => stacks.ensure(stack, say)), ...plan.image.toolchains.map((toolchain) => toolchains.ensure(toolchain, say))]);
  }

  private async build(order: BuildOrder, plan: AppPlan, tree: SourceTree, log: BuildLog, signal: AbortSignal): Promise<string> {
    const story = new BuildStory(log, plan.manifest.builder !== 'dockerfile');
    try {
      return await this.buildContext(order, plan, tree.context(plan.image.context), story, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { contextWithoutSyntax } = plan.image;
      if (error instanceof AppError || !contextWithoutSyntax || !lacksFrontend(story.failed)) throw buildFailure(error, story.failed, story.lastOutput, order, story.advice);
      log.detail('The image of the "# syntax=" line cannot be fetched: building without that line');
      const image = { ...plan.image, context: contextWithoutSyntax, contextWithoutSyntax: undefined };
      return this.build(order, { ...plan, image }, tree, log, signal);
    }
  }

  private async buildContext(order: BuildOrder, plan: AppPlan, context: Readable, story: BuildStory, signal: AbortSignal): Promise<string> {
    const { docker, settings } = this.parts;
    const secrets = new Map<string, Buffer>(plan.manifest.buildSecrets.map((key) => [key, Buffer.from(order.config[key] ?? '')]));
    if (settings.extraCa) secrets.set('molo-ca', settings.extraCa);
    const build = { context, dockerfile: plan.image.dockerfile, tag: imageReference(order), labels: labelsOf(order, plan), buildArguments: settings.proxy, secrets, logins: this.logins(order) };
    const refused = new AbortController();
    const tell = (event: TraceEvent) => {
      story.tell(event);
      // What a Dockerfile puts together from variables is known only here.
      const refusal = foreignImage(imageOfStep(event.step) ?? '', order.imageRepository);
      if (refusal) refused.abort(refusal);
    };
    const imageId = await buildImage(docker, build, tell, AbortSignal.any([signal, refused.signal]));
    refused.signal.throwIfAborted();
    return imageId;
  }

  /** The node's own sign-in, of which this user name takes all but the app's own images. */
  private logins({ app }: BuildOrder): RegistryLogin[] {
    const { registryHost, registryLogin } = this.parts.settings;
    return registryLogin ? [{ host: registryHost, ...registryLogin, username: `build.${app}` }] : [];
  }

  private pushLogin(): ImagePush['login'] {
    const { registryHost, registryLogin } = this.parts.settings;
    return registryLogin && { ...registryLogin, serveraddress: registryHost };
  }

  private openLog(order: BuildOrder): BuildLog {
    const { controlPlane } = this.parts;
    return new BuildLog({
      buildId: order.id,
      deploymentId: order.deploymentId,
      attempt: Date.now().toString(36),
      send: (chunks) => controlPlane.sendLogs(chunks),
      secrets: Object.values(order.config),
    });
  }
}

/** What the control plane allows, and of this machine's memory half at the most: the rest is for what runs here. */
function withinMachine(order: BuildOrder): BuildOrder {
  return { ...order, limits: { ...order.limits, memoryBytes: Math.min(order.limits.memoryBytes, Math.floor(totalmem() / 2)) } };
}

/** Waits no longer for a step once the signal fires. The step goes on: other builds may wait for what it makes. */
function unlessAborted<T>(step: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    step.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function labelsOf(order: BuildOrder, plan: AppPlan): Record<string, string> {
  return {
    ...plan.image.labels,
    'molo.managed': 'true',
    'molo.app': order.app,
    // No two builds make the same image: one that was collected never comes back under its old digest.
    'molo.build': order.id,
    'molo.builder': plan.manifest.builder,
    'molo.layers': plan.image.layerKinds.join(','),
    'molo.layer.source': order.treeId,
    'org.opencontainers.image.revision': order.commit,
    ...(plan.manifest.version === null ? {} : { 'org.opencontainers.image.version': plan.manifest.version }),
  };
}

function asAppError(reason: unknown): AppError {
  if (reason instanceof AppError) return reason;
  return new AppError('internal', { detail: 'The build broke inside Molo. The log of the agent says more.', cause: reason });
}
