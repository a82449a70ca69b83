import type { DesiredInstance } from '@molo/contracts';
import type { Container } from '../engine/engine.js';
import { cgroupUsage } from '../figures/cgroup-usage.js';
import { wrongPort } from './failures.js';
import { HealthProbe } from './health-probe.js';
import { listenersOf } from './listening-ports.js';
import { PortWatch } from './port-watch.js';

/** What an instance's checks have to do with the rest. */
export interface CheckParts {
  /** Name under which the instance is reached, for HTTP checks. */
  host(): string;
  /** Something is to be told in the log of the deployment. */
  say(container: Container, text: string): void;
  /** Something is to be decided anew. */
  changed(): void;
}

/** Watches a running container of one instance: whether it is healthy and, until it was, where it listens. */
export class InstanceChecks {
  private probe: HealthProbe | null = null;
  private ports: PortWatch | null = null;
  private checked: string | null = null;

  constructor(private readonly parts: CheckParts) {}

  /** Watches this container and no other; null: none. */
  follow(container: Container | null, desired: DesiredInstance | null, everHealthy: boolean): void {
    const key = container?.address && desired?.desired === 'running' && !desired.runsOnce ? `${container.id} ${container.address}` : null;
    if (everHealthy) this.ports?.stop();
    if (key === this.checked) return;
    this.stop();
    this.checked = key;
    if (key === null) return;
    this.probe = new HealthProbe(desired!.health, container!.address!, this.parts.host(), () => this.parts.changed());
    if (!everHealthy) this.ports = this.watchPorts(container!, desired!);
  }

  stop(): void {
    this.probe?.stop();
    this.ports?.stop();
    this.probe = null;
    this.ports = null;
    this.checked = null;
  }

  /** null before the first answer. */
  get healthy(): boolean | null {
    return this.probe?.result?.healthy ?? null;
  }

  /** What a failed check met with, for people. */
  get answer(): string | null {
    return this.probe?.result?.answer ?? null;
  }

  /** Since when its process has rested while it listens elsewhere alone; null while it does not. */
  get elsewhereSince(): number | null {
    return this.ports?.elsewhereSince ?? null;
  }

  /** Looks at all of it once more, now. */
  async look(): Promise<void> {
    await Promise.all([this.probe?.ask(), this.ports?.look()]);
  }

  private watchPorts(container: Container, desired: DesiredInstance): PortWatch | null {
    const check = desired.health?.check;
    if (check === undefined || check.kind === 'running' || check.kind === 'image') return null;
    const see = async () => ({ listeners: await listenersOf(container.pid), cpuSeconds: cgroupUsage(container.pid)?.cpuSeconds ?? null });
    const say = (detail: string) => this.parts.say(container, `Still waiting for port ${check.port}: ${detail}`);
    const watch = new PortWatch(see, (listeners) => wrongPort(desired, listeners), say, () => this.parts.changed());
    watch.start();
    return watch;
  }
}
