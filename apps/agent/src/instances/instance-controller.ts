import { AppError, type DesiredInstance, type InstanceObserved, type ObservedInstance } from '@molo/contracts';
import { now } from '../clock.js';
import { CoalescedWork } from '../coalesced-work.js';
import type { Container, Engine } from '../engine/engine.js';
import { networkName, type EnvironmentNetworks } from '../engine/environment-networks.js';
import type { Log } from '../logger.js';
import type { InstanceLogs } from '../logs/instance-logs.js';
import type { Standstill } from '../reconcile/standstill.js';
import { containerSpec } from './container-spec.js';
import { explainStart, startFailure } from './failures.js';
import type { Images } from './images.js';
import { InstanceChecks } from './instance-checks.js';
import { afterFailedAction, step, type Action, type Decision } from './instance-step.js';
import { listenersOf } from './listening-ports.js';
import type { MemoryStore } from './memory-store.js';

export interface InstanceParts {
  readonly nodeId: string;
  readonly engine: Engine;
  readonly networks: EnvironmentNetworks;
  readonly images: Images;
  readonly memories: MemoryStore;
  readonly logs: InstanceLogs;
  readonly standstill: Standstill;
  readonly log: Log;
  /** Name under which the instance's environment is reached, for HTTP checks. */
  hostOf(environmentId: string): string;
}

/** Actions whose failure counts against the instance; others are simply done again. */
const bringsUp: ReadonlySet<Action> = new Set<Action>(['fetch-image', 'create', 'start']);

const defaultStopSeconds = 10;
const retryMs = 1000;
const lastLogLinesMs = 1000;
/** What an ended container has said is read to its end before it is removed, unless that takes longer. */
const longestLogLagMs = 30_000;

/**
 * Carries one instance to what is wanted of it: looks, lets `step` decide, does the one action, and again,
 * until there is nothing to do; then waits to be poked.
 */
export class InstanceController {
  private desired: DesiredInstance | null = null;
  private container: Container | null = null;
  private containerId: string | null = null;
  private stale = false;
  private openConnections: number | null = null;
  private observed: InstanceObserved = 'pending';
  private lastLines: readonly string[] = [];
  private readonly checks: InstanceChecks;
  private timer: NodeJS.Timeout | undefined;
  private readonly turning = new CoalescedWork(() => this.turn());
  private closed = false;

  constructor(
    readonly id: string,
    private readonly parts: InstanceParts,
    private readonly changed: (observed: InstanceObserved) => void,
  ) {
    this.checks = new InstanceChecks({
      host: () => parts.hostOf(this.desired?.environmentId ?? ''),
      say: (container, text) => parts.logs.tellDeployment(container, text),
      changed: () => this.poke(),
    });
  }

  /** Takes a container that was found; false when it has another one already. */
  adopt(container: Container): boolean {
    if (this.containerId !== null || this.turning.isRunning) return this.containerId === null || this.containerId === container.id;
    this.container = container;
    this.containerId = container.id;
    return true;
  }

  want(desired: DesiredInstance | null): void {
    this.desired = desired;
    this.poke();
  }

  /** Something happened to its container: look again. */
  lookAgain(): void {
    this.stale = true;
    this.poke();
  }

  /** How many connections the ingress still has open to it. */
  setOpenConnections(count: number | null): void {
    if (this.openConnections === count) return;
    this.openConnections = count;
    if (this.observed === 'draining') this.poke();
  }

  poke(): void {
    this.turning.ask();
  }

  /** Ends the care for it; its container keeps running. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.checks.stop();
    await this.turning.end();
  }

  get isWanted(): boolean {
    return this.desired !== null;
  }

  /** Nobody wants it and nothing is left of it. */
  get isDone(): boolean {
    return this.desired === null && this.observed === 'gone';
  }

  /** The network that its container is in. */
  get network(): string | null {
    const labels = this.container?.labels;
    return labels ? networkName({ app: labels['molo.app'] ?? '', environment: labels['molo.environment'] ?? '' }) : null;
  }

  get runningContainer(): Container | null {
    return this.container?.status === 'running' ? this.container : null;
  }

  get view(): ObservedInstance {
    const memory = this.parts.memories.get(this.id);
    // What is still being tried before it was ever healthy has not failed.
    const failure = memory.everHealthy || memory.end !== null ? memory.failure : null;
    return {
      id: this.id,
      observed: this.observed,
      containerId: this.containerId,
      address: this.container?.address ?? null,
      restarts: memory.restarts,
      exitCode: memory.exitCode,
      outOfMemory: memory.outOfMemory,
      startedAt: this.container?.startedAt?.toISOString() ?? null,
      failure,
      lastLines: failure === null ? [] : [...this.lastLines],
    };
  }

  private async turn(): Promise<void> {
    try {
      await this.once();
    } catch (error) {
      this.parts.log.warn({ instance: this.id, err: error }, 'an instance could not be looked after; tried again');
      this.wakeAt(now() + retryMs);
    }
  }

  private async once(): Promise<void> {
    await this.look();
    const { desired } = this;
    const decision = this.decide();
    if (decision.action !== 'none') await this.parts.standstill.over();
    // Where something else is wanted by now, that has poked it already.
    if (this.desired !== desired) return;
    this.parts.memories.set(this.id, decision.memory);
    this.watch();
    await this.publish(decision);
    if (decision.action === 'none') this.wakeAt(decision.wakeAt);
    else await this.act(decision.action);
  }

  private async look(): Promise<void> {
    if (this.stale) await this.lookAtContainer();
    if (this.desired?.desired === 'running' && this.container === null) await this.parts.images.look(this.desired.image);
  }

  private async lookAtContainer(): Promise<void> {
    this.stale = false;
    try {
      this.container = this.containerId === null ? null : await this.parts.engine.inspect(this.containerId);
    } catch (error) {
      this.stale = true;
      throw error;
    }
    if (this.container !== null || this.containerId === null) return;
    this.parts.logs.forgetContainer(this.containerId);
    this.containerId = null;
  }

  private decide(): Decision {
    return step({
      desired: this.desired,
      container: this.container,
      memory: this.parts.memories.get(this.id),
      imagePresent: this.desired !== null && this.parts.images.idOf(this.desired.image) !== null,
      healthy: this.healthy(),
      elsewhereSince: this.checks.elsewhereSince,
      openConnections: this.desired?.port === null || this.desired?.runsOnce ? 0 : this.openConnections,
      stopMs: this.stopSeconds() * 1000,
      now: now(),
    });
  }

  private healthy(): boolean | null {
    if (this.desired?.health?.check.kind === 'image' && this.container && this.container.imageHealth !== 'none') {
      return this.container.imageHealth === 'starting' ? null : this.container.imageHealth === 'healthy';
    }
    return this.checks.healthy;
  }

  private stopSeconds(): number {
    return this.desired?.stopSeconds ?? Number(this.container?.labels['molo.stop-seconds'] ?? defaultStopSeconds);
  }

  /** Follows the log of its container and asks for its health, as long as it runs and is wanted. */
  private watch(): void {
    if (this.container && this.container.status !== 'created') this.parts.logs.follow(this.container, this.forDeployment());
    this.checks.follow(this.container, this.desired, this.parts.memories.get(this.id).everHealthy);
  }

  /** Until it was healthy once, what it says belongs to the story of its deployment. */
  private forDeployment(): () => boolean {
    return () => this.desired?.runsOnce === true || !this.parts.memories.get(this.id).everHealthy;
  }

  private async publish(decision: Decision): Promise<void> {
    if (this.container?.status === 'exited') await this.parts.logs.settled(this.container.id, lastLogLinesMs);
    if (decision.memory.failure !== null) this.lastLines = this.parts.logs.lastLines(this.id);
    this.observed = decision.observed;
    this.changed(decision.observed);
  }

  private wakeAt(at: number | null): void {
    clearTimeout(this.timer);
    if (at !== null && !this.closed) this.timer = setTimeout(() => this.poke(), Math.max(0, at - now()));
  }

  private async act(action: Exclude<Action, 'none'>): Promise<void> {
    clearTimeout(this.timer);
    this.stale = true;
    try {
      await this.perform(action);
    } catch (error) {
      if (!bringsUp.has(action)) throw error;
      this.takeFailure(action, error);
    }
    this.poke();
  }

  private async perform(action: Exclude<Action, 'none'>): Promise<void> {
    const { images } = this.parts;
    switch (action) {
      case 'fetch-image':
        return images.fetch(this.desired!.image);
      case 'create':
        return this.create(this.desired!);
      case 'start':
        return this.start(this.containerId!, this.desired!);
      case 'diagnose':
        return this.diagnose(this.desired!);
      case 'terminate':
        return this.terminate(this.containerId!);
      case 'kill':
        return this.kill(this.containerId!);
      case 'remove':
        return this.remove(this.containerId!);
    }
  }

  /** With it goes the engine's copy of its log. */
  private async remove(containerId: string): Promise<void> {
    await this.parts.logs.settled(containerId, longestLogLagMs);
    await this.parts.engine.remove(containerId);
  }

  /** What is created is started at once: to look at it in between would cost the time of two round trips. */
  private async create(desired: DesiredInstance): Promise<void> {
    const { engine, images, networks, nodeId, standstill } = this.parts;
    try {
      const network = await networks.ensure(nodeId, desired);
      const spec = containerSpec(nodeId, desired, images.idOf(desired.image)!, network);
      this.containerId = await engine.create(spec).catch((error: unknown) => {
        throw explainStart(error, desired);
      });
    } catch (error) {
      images.forget(desired.image);
      networks.forget(networkName(desired));
      throw error;
    }
    await standstill.over();
    if (this.desired === desired) await this.start(this.containerId, desired);
  }

  private async start(containerId: string, desired: DesiredInstance): Promise<void> {
    const { engine, networks } = this.parts;
    try {
      await engine.start(containerId);
    } catch (error) {
      networks.forget(networkName(desired));
      // Its network may have gone since it was created: it is made anew. One of which nobody knows whether it started stays.
      if (error instanceof AppError && error.code !== 'unavailable') await engine.remove(containerId);
      throw explainStart(error, desired);
    }
  }

  private async terminate(containerId: string): Promise<void> {
    await this.parts.engine.signal(containerId, 'SIGTERM');
    this.parts.memories.set(this.id, { ...this.parts.memories.get(this.id), stopSince: now() });
  }

  private async kill(containerId: string): Promise<void> {
    await this.parts.engine.signal(containerId, 'SIGKILL');
    // A process in the kernel's hands may take a moment to go, and must not be asked in a tight loop.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** Looks once more first: this agent may have stood still, and what it saw last be old. */
  private async diagnose(desired: DesiredInstance): Promise<void> {
    await Promise.all([this.lookAtContainer(), this.checks.look()]);
    if (this.decide().action !== 'diagnose') return;
    const listeners = this.container ? await listenersOf(this.container.pid) : null;
    const failure = startFailure(desired, listeners, this.checks.answer);
    this.parts.memories.set(this.id, { ...this.parts.memories.get(this.id), failure, end: 'failed' });
  }

  private takeFailure(action: Action, error: unknown): void {
    this.parts.log.warn({ instance: this.id, action, err: error }, 'an action on an instance failed');
    const failure = error instanceof AppError ? error : new AppError('unavailable', { detail: 'The container engine failed.', cause: error });
    this.parts.memories.set(this.id, afterFailedAction(this.parts.memories.get(this.id), failure, now()));
  }
}
