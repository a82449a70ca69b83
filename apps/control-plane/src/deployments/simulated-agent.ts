import { randomUUID } from 'node:crypto';
import { type BuildReport, type BuiltImage, cancelBuild, desiredAfter, type DesiredInstance, type DesiredNode, type InstanceObserved, type ObservedInstance, readLogs, runBuild, type Failure } from '@molo/contracts';
import { handle, Queues } from '@molo/queue';
import type { BuildsService } from '../builds/builds.service.js';
import type { DesiredService } from '../nodes/desired.service.js';
import type { NodeReports } from '../nodes/node-reports.js';
import type { ObservedService } from '../nodes/observed.service.js';

const lookEveryMs = 1000;

/** What the agent is to see of an instance, by its process type. */
export interface Fate {
  readonly observed: InstanceObserved;
  readonly failure?: Failure;
  readonly exitCode?: number;
  readonly restarts?: number;
  readonly outOfMemory?: boolean;
}

interface Parts {
  readonly queues: Queues;
  readonly desired: DesiredService;
  readonly observed: ObservedService;
  readonly builds: BuildsService;
  readonly reports: NodeReports;
}

/** A node whose containers are made of nothing: for specs and for measuring the control plane alone. */
export class SimulatedAgent {
  readonly seen: DesiredNode[] = [];
  readonly builtIds: string[] = [];
  fate: (instance: DesiredInstance) => Fate = () => ({ observed: 'healthy' });
  /** Instances that have connections open still, and so do not end when they are to. */
  lingers: (instance: DesiredInstance) => boolean = () => false;
  buildFailure: Failure | null = null;
  /** Why the ingress cannot send requests where it should; null: it does. */
  routeFailure: Failure | null = null;
  /** How the storing of an image ends; null: well, and at once. */
  stores: ((image: BuiltImage) => Promise<BuildReport>) | null = null;
  /** Held builds stay `building` until they are let go. */
  holdBuilds = false;
  #seq = 0;
  #reported = 0;
  readonly #stopping = new AbortController();
  readonly #session = randomUUID();

  constructor(
    readonly nodeId: string,
    private readonly parts: Parts,
  ) {}

  async start(): Promise<void> {
    const { queues } = this.parts;
    const nodeId = this.nodeId;
    await this.report({ nodeId, generation: 0, instances: [], routes: [] });
    void this.#follow();
    await queues.consume([handle(runBuild, ({ buildId }) => this.#build(buildId))], { concurrency: 4, nodeId });
    await queues.consume([handle(cancelBuild, async () => {}), handle(readLogs, async () => {})], { concurrency: 4, nodeId });
  }

  /** Follows what is desired no longer, as when the agent is gone. */
  stop(): void {
    this.#stopping.abort();
  }

  async reconcile(): Promise<void> {
    const desired = desiredAfter(null, await this.parts.desired.whole(this.nodeId));
    this.seen.push(desired);
    await this.report(desired);
    this.#reported = desired.generation;
  }

  /** Ends, too, once the database of its control plane is closed. */
  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const changed = await this.parts.desired.since(this.nodeId, this.#reported, lookEveryMs, signal).catch(() => this.stop());
      if (changed) await this.reconcile().catch(() => undefined);
    }
  }

  async report(desired: DesiredNode): Promise<void> {
    const instances = desired.instances.map((instance) => this.#observe(instance));
    await this.parts.observed.take(this.nodeId, {
      seq: ++this.#seq,
      session: this.#session,
      after: null,
      generation: desired.generation,
      instances: instances.filter((instance) => instance.observed !== 'gone'),
      absent: [],
      routes: desired.routes.map(({ environmentId, serving }) => ({ environmentId, serving, draining: 0, failure: this.routeFailure })),
      traffic: desired.routes.flatMap(({ environmentId, countingDeploymentId: deploymentId }) =>
        deploymentId ? [{ deploymentId, environmentId, requests: 10, failed: 0, connectionsDropped: 0, slowestMs: 3 }] : [],
      ),
    });
  }

  async #build(buildId: string): Promise<void> {
    const { builds } = this.parts;
    // As an agent does: a build that is over is not done again, whoever queued it.
    if ((await builds.find(buildId)).finishedAt) return;
    const held = this.holdBuilds;
    this.builtIds.push(buildId);
    await builds.report(buildId, this.nodeId, { state: 'building' });
    if (held) return;
    if (this.buildFailure) {
      await builds.report(buildId, this.nodeId, { state: 'failed', failure: this.buildFailure });
      return;
    }
    const image = imageOf(this.processes, this.settleSeconds);
    await builds.report(buildId, this.nodeId, { state: 'pushing', image });
    if (this.stores) await builds.report(buildId, this.nodeId, await this.stores(image));
    else await builds.report(buildId, this.nodeId, { state: 'succeeded', image });
  }

  /** Process types of the images that are built. */
  processes: readonly string[] = ['web', 'worker'];
  /** Settling time of the images that are built. */
  settleSeconds = 30;

  #observe(instance: DesiredInstance): ObservedInstance {
    const fate: Fate = instance.desired === 'running' ? this.fate(instance) : { observed: this.lingers(instance) ? 'draining' : 'gone' };
    return {
      id: instance.id,
      observed: fate.observed,
      containerId: `container-${instance.id}`,
      address: '10.0.0.2',
      restarts: fate.restarts ?? 0,
      exitCode: fate.exitCode ?? null,
      outOfMemory: fate.outOfMemory ?? false,
      startedAt: null,
      failure: fate.failure ?? null,
      lastLines: fate.failure ? ['the last line'] : [],
    };
  }
}

function digest(): string {
  return `sha256:${randomUUID().replaceAll('-', '').repeat(2)}`;
}

function imageOf(processTypes: readonly string[], settleSeconds: number): BuiltImage {
  const resources = { memoryBytes: 64 * 1024 ** 2, cpus: 1, pids: 64 };
  const layer = { kind: 'source', diffId: digest(), digest: digest(), bytes: 1000, createdBy: 'COPY', moved: true } as const;
  return {
    digest: digest(),
    imageId: digest(),
    bytes: 1000,
    layers: [layer],
    manifest: {
      version: '1.0',
      builder: 'node' as const,
      processes: Object.fromEntries(processTypes.map((type) => [type, { command: `run ${type}`, resources }])),
      port: 8080,
      health: { check: { kind: 'tcp' as const, port: 8080 }, intervalSeconds: 0.1, timeoutSeconds: 1, startSeconds: 10 },
      drainSeconds: 1,
      stopSeconds: 1,
      settleSeconds,
      buildSecrets: [],
    },
  };
}
