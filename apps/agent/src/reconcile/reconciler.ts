import { isDeepStrictEqual } from 'node:util';
import { AppError, type DesiredAnswer, type DesiredInstance, type DesiredNode, desiredAfter, type InstanceObserved } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Engine, type Container, type EngineEvent } from '../engine/engine.js';
import { EnvironmentNetworks, networkName } from '../engine/environment-networks.js';
import { Images } from '../instances/images.js';
import { InstanceController } from '../instances/instance-controller.js';
import { MemoryStore } from '../instances/memory-store.js';
import { LOG, type Log } from '../logger.js';
import { InstanceLogs } from '../logs/instance-logs.js';
import { DesiredStore } from './desired-store.js';
import { ObservedReporter } from './observed-reporter.js';
import type { Observation } from './report-differences.js';
import { Standstill } from './standstill.js';
import { Traffic } from './traffic.js';

const retryMs = 1000;
/** Nothing waits for an instance to get there: it is on its way. */
const onItsWay: ReadonlySet<InstanceObserved> = new Set<InstanceObserved>(['pending', 'pulling', 'starting', 'checking']);

/**
 * Makes the node what the desired set says. Level-triggered: whatever happens, it compares all that is wanted with all
 * that is there; events only say when to look. It needs the engine alone: neither control plane nor Redis.
 */
@Injectable()
export class Reconciler implements OnModuleDestroy {
  private readonly controllers = new Map<string, InstanceController>();
  private readonly closing = new AbortController();
  private identify: (nodeId: string) => void = () => undefined;
  /** The id of this node, once the first desired set has told it. */
  readonly identified = new Promise<string>((resolve) => (this.identify = resolve));
  private node: DesiredNode | null = null;
  private accepting: Promise<unknown> = Promise.resolve();
  /** Nothing is started or switched before it is known what runs already. */
  private adopted = false;
  private wantedNetworks: string | null = null;
  private retry: NodeJS.Timeout | undefined;
  private networksRetry: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Engine) private readonly engine: Engine,
    @Inject(EnvironmentNetworks) private readonly networks: EnvironmentNetworks,
    @Inject(Images) private readonly images: Images,
    @Inject(MemoryStore) private readonly memories: MemoryStore,
    @Inject(InstanceLogs) private readonly logs: InstanceLogs,
    @Inject(DesiredStore) private readonly store: DesiredStore,
    @Inject(ObservedReporter) private readonly reporter: ObservedReporter,
    @Inject(Traffic) private readonly traffic: Traffic,
    @Inject(Standstill) private readonly standstill: Standstill,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Takes up the node where it was left. */
  async start(): Promise<void> {
    await this.memories.load();
    const kept = await this.store.load();
    if (kept) this.become(kept);
    this.traffic.watch(() => this.trafficChanged());
    this.engine.watch((event) => this.heard(event), this.closing.signal);
  }

  get generation(): number {
    return this.node?.generation ?? -1;
  }

  /** Environments that have instances here. */
  get environments(): Set<string> {
    return new Set(this.node?.instances.map((each) => each.environmentId));
  }

  /**
   * Takes a desired set, or what changed of the one it has; what it has already is taken as well. Throws `generation_outdated`
   * for an older one, and `base_unknown` for changes of one that it does not have.
   */
  accept(answer: DesiredAnswer): Promise<void> {
    const accepted = this.accepting.then(() => this.take(answer));
    this.accepting = accepted.catch(() => undefined);
    return accepted;
  }

  /** Containers that run, with the instances that they are. */
  running(): { instance: DesiredInstance; container: Container }[] {
    return (this.node?.instances ?? []).flatMap((instance) => {
      const container = this.controllers.get(instance.id)?.runningContainer;
      return container ? [{ instance, container }] : [];
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.retry);
    clearTimeout(this.networksRetry);
    await Promise.all([...this.controllers.values()].map((each) => each.close()));
    await this.memories.saved();
  }

  private async take(answer: DesiredAnswer): Promise<void> {
    const { generation, since } = answer;
    if (generation < this.generation) throw new AppError('generation_outdated', { detail: `Generation ${generation} came after ${this.generation} had been accepted.` });
    if (since !== null && since > this.generation) throw new AppError('base_unknown', { detail: `Changes since generation ${since} came, and ${this.generation} is the newest that was accepted.` });
    if (since !== null && generation === this.generation) return;
    const { node: before } = this;
    const node = desiredAfter(before, answer);
    if (isDeepStrictEqual(node, before)) return;
    await this.store.save(answer, node);
    this.become(node);
    if (before === null) void this.lookAtAll();
  }

  private become(node: DesiredNode): void {
    this.node = node;
    this.identify(node.nodeId);
    this.images.keepOnly(node.instances);
    const wanted = new Map(node.instances.map((instance) => [instance.id, instance]));
    for (const [id, controller] of this.controllers) if (!wanted.has(id)) controller.want(null);
    if (this.adopted) for (const [id, instance] of wanted) this.controller(id, node.nodeId).want(instance);
    this.changed();
  }

  private heard(event: EngineEvent): void {
    if (event.kind === 'lost') return void this.lookAtAll();
    const id = event.labels['molo.instance'];
    if (id !== undefined) this.controllers.get(id)?.lookAgain();
  }

  /** Compares all containers of this node with all controllers; done again until the engine answers. */
  private async lookAtAll(): Promise<void> {
    const { node } = this;
    if (node === null || this.closing.signal.aborted) return;
    clearTimeout(this.retry);
    try {
      const containers = await this.engine.list({ 'molo.managed': 'true', 'molo.node': node.nodeId });
      for (const container of containers) await this.adopt(container, node.nodeId);
    } catch (error) {
      this.log.warn({ err: error }, 'the containers of this node cannot be listed; tried again');
      this.retry = setTimeout(() => void this.lookAtAll(), retryMs);
      return;
    }
    for (const controller of this.controllers.values()) controller.lookAgain();
    for (const instance of this.node?.instances ?? []) this.controller(instance.id, node.nodeId).want(instance);
    if (!this.adopted) this.begin();
    this.changed();
  }

  /** Now it is known what runs: a report of before would have said that nothing does. */
  private begin(): void {
    this.adopted = true;
    this.memories.keepOnly(this.controllers);
    this.reporter.start(() => this.observation());
  }

  private async adopt(container: Container, nodeId: string): Promise<void> {
    const id = container.labels['molo.instance'];
    if (id === undefined) return;
    const controller = this.controller(id, nodeId);
    if (controller.adopt(container)) return controller.want(this.node?.instances.find((each) => each.id === id) ?? null);
    this.log.warn({ instance: id, container: container.id }, 'an instance has two containers; the second is removed');
    await this.engine.remove(container.id);
  }

  private controller(id: string, nodeId: string): InstanceController {
    const known = this.controllers.get(id);
    if (known) return known;
    const { engine, networks, images, memories, logs, standstill, log } = this;
    const hostOf = (environmentId: string) => this.node?.routes.find((route) => route.environmentId === environmentId)?.hosts[0] ?? 'localhost';
    const controller = new InstanceController(id, { nodeId, engine, networks, images, memories, logs, standstill, log, hostOf }, (observed) => this.changed(!onItsWay.has(observed)));
    this.controllers.set(id, controller);
    return controller;
  }

  private changed(isWaitedFor = true): void {
    const { node } = this;
    if (node === null || this.closing.signal.aborted) return;
    this.dropDone();
    // Before it is known what runs, the ingress is left as it is: it serves on by itself.
    if (this.adopted) this.traffic.apply(node, new Map([...this.controllers].map(([id, each]) => [id, each.view])));
    if (isWaitedFor) this.reporter.changed();
    else this.reporter.noted();
  }

  private trafficChanged(): void {
    for (const [id, controller] of this.controllers) controller.setOpenConnections(this.traffic.openConnections(id));
    this.reporter.changed();
  }

  private dropDone(): void {
    for (const [id, controller] of this.controllers) {
      if (!controller.isDone) continue;
      this.controllers.delete(id);
      this.memories.forget(id);
      this.logs.forgetInstance(id);
    }
    this.removeNetworks();
  }

  private removeNetworks(): void {
    const { node } = this;
    if (node === null || !this.adopted) return;
    const stopping = [...this.controllers.values()].flatMap((each) => each.network ?? []);
    const wanted = new Set([...node.instances.map(networkName), ...stopping]);
    const key = [...wanted].toSorted().join(' ');
    if (key === this.wantedNetworks) return;
    this.wantedNetworks = key;
    this.networks.removeUnwanted(node.nodeId, wanted).then(
      (done) => done || this.removeNetworksLater(),
      (error: unknown) => {
        this.log.warn({ err: error }, 'networks could not be removed; tried again');
        this.removeNetworksLater();
      },
    );
  }

  private removeNetworksLater(): void {
    this.wantedNetworks = null;
    clearTimeout(this.networksRetry);
    this.networksRetry = setTimeout(() => this.closing.signal.aborted || this.removeNetworks(), retryMs);
  }

  private async observation(): Promise<Observation> {
    const traffic = await this.traffic.counts();
    const node = this.node!;
    const views = new Map(node.instances.map((instance) => [instance.id, this.controllers.get(instance.id)?.view]));
    const absent = node.instances.filter(({ id, desired }) => desired !== 'running' && !views.get(id)).map(({ id }) => id);
    return { generation: node.generation, instances: [...views.values()].filter((view) => view !== undefined), absent, routes: this.traffic.observedRoutes(), traffic };
  }
}
