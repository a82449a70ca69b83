import { randomBytes } from 'node:crypto';
import { AppError } from '@molo/contracts';
import { Engine, type Container, type ContainerSpec, type EngineEvent, type EngineImage, type Network } from './engine.js';

/** An engine for tests: containers are entries in a map, which start and end when the test says so. */
export class FakeEngine extends Engine {
  readonly containers = new Map<string, Container>();
  readonly specs = new Map<string, ContainerSpec>();
  readonly images = new Set<string>();
  /** Images as they are listed. */
  stored: EngineImage[] = [];
  /** What the build cache was to be pruned to, each time. */
  readonly cacheBounds: number[] = [];
  readonly pulled: string[] = [];
  readonly signals: string[] = [];
  readonly made = new Map<string, Network>();
  /** Fails every call while it is set, as an engine does that is down. */
  down = false;
  /** Fails the removal of networks while it is set, as the engine does where something is attached. */
  networksInUse = false;
  /** Fails every start while it is set. */
  startFailure: AppError | null = null;
  /** Fails every pull while it is set. */
  pullFailure: AppError | null = null;
  private readonly listeners = new Set<(event: EngineEvent) => void>();

  async version(): Promise<string> {
    return 'fake';
  }

  async hasImage(reference: string): Promise<string | null> {
    this.assertUp();
    return this.images.has(reference) ? reference : null;
  }

  async pull(reference: string): Promise<string> {
    this.assertUp();
    this.pulled.push(reference);
    if (this.pullFailure) throw this.pullFailure;
    this.images.add(reference);
    return reference;
  }

  async listImages(labels: Readonly<Record<string, string>>): Promise<EngineImage[]> {
    this.assertUp();
    return this.stored.filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  }

  async imagesInUse(): Promise<ReadonlySet<string>> {
    this.assertUp();
    return new Set([...this.containers.keys()].map((id) => this.specs.get(id)!.imageId));
  }

  async removeImage(reference: string): Promise<void> {
    this.assertUp();
    this.stored = this.stored.flatMap((image) => {
      if (image.id === reference) return [];
      if (!image.references.includes(reference)) return [image];
      const references = image.references.filter((each) => each !== reference);
      return references.length === 0 ? [] : [{ ...image, references }];
    });
  }

  async pruneBuildCache(keepBytes: number): Promise<number> {
    this.assertUp();
    this.cacheBounds.push(keepBytes);
    return 0;
  }

  async dataFolder(): Promise<string> {
    this.assertUp();
    return '/';
  }

  async create(spec: ContainerSpec): Promise<string> {
    this.assertUp();
    const named = [...this.containers.values()].find((each) => each.name === spec.name);
    if (named) return named.id;
    const id = randomBytes(32).toString('hex');
    this.specs.set(id, spec);
    this.containers.set(id, { id, name: spec.name, labels: spec.labels, status: 'created', pid: 0, startedAt: null, finishedAt: null, exitCode: 0, outOfMemory: false, address: null, imageHealth: 'none', logFile: null });
    return id;
  }

  async start(containerId: string): Promise<void> {
    this.assertUp();
    if (this.startFailure) throw this.startFailure;
    this.change(containerId, { status: 'running', pid: 1, startedAt: new Date(), address: '127.0.0.1' }, 'started');
  }

  async signal(containerId: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.assertUp();
    this.signals.push(signal);
    this.exit(containerId, signal === 'SIGTERM' ? 143 : 137);
  }

  async remove(containerId: string): Promise<void> {
    this.assertUp();
    const container = this.containers.get(containerId);
    this.containers.delete(containerId);
    if (container) this.say('removed', container);
  }

  async inspect(containerId: string): Promise<Container | null> {
    this.assertUp();
    return this.containers.get(containerId) ?? null;
  }

  async list(labels: Readonly<Record<string, string>>): Promise<Container[]> {
    this.assertUp();
    return [...this.containers.values()].filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  }

  async networks(): Promise<Network[]> {
    this.assertUp();
    return [...this.made.values()];
  }

  async createNetwork(name: string, subnet: string, labels: Readonly<Record<string, string>>): Promise<void> {
    this.made.set(name, { id: name, name, labels, subnets: [subnet], attached: 0 });
  }

  async removeNetwork(name: string): Promise<void> {
    if (this.networksInUse) throw new AppError('conflict', { detail: 'The network has active endpoints.' });
    this.made.delete(name);
  }

  watch(listener: (event: EngineEvent) => void, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener));
    listener({ kind: 'lost', containerId: '', labels: {} });
  }

  /** The container's main process ends. */
  exit(containerId: string, exitCode: number): void {
    this.change(containerId, { status: 'exited', pid: 0, exitCode, finishedAt: new Date(), address: null }, 'ended');
  }

  /** The stream of events breaks and comes back. */
  reconnect(): void {
    for (const listener of this.listeners) listener({ kind: 'lost', containerId: '', labels: {} });
  }

  private change(containerId: string, changes: Partial<Container>, kind: EngineEvent['kind']): void {
    const container = this.containers.get(containerId);
    if (!container) return;
    const changed = { ...container, ...changes };
    this.containers.set(containerId, changed);
    this.say(kind, changed);
  }

  private say(kind: EngineEvent['kind'], container: Container): void {
    if (this.down) return;
    for (const listener of this.listeners) listener({ kind, containerId: container.id, labels: container.labels });
  }

  private assertUp(): void {
    if (this.down) throw new AppError('unavailable', { detail: 'The container engine does not answer.' });
  }
}
