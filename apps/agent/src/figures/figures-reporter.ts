import type { NodeFigures } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type AgentConfig } from '../config.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { Engine } from '../engine/engine.js';
import { LOG, type Log } from '../logger.js';
import { Reconciler } from '../reconcile/reconciler.js';
import { Traffic } from '../reconcile/traffic.js';
import { cgroupUsage } from './cgroup-usage.js';
import { machineUsage } from './machine-usage.js';
import { agentVersion } from '../version.js';

const everyMs = 10_000;

/** Tells the control plane at regular times what the node and its instances use. One report that is lost is not missed. */
@Injectable()
export class FiguresReporter implements OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private reporting = false;
  private engineVersion = '';

  constructor(
    @Inject(CONFIG) private readonly config: Pick<AgentConfig, 'home'>,
    @Inject(ControlPlaneClient) private readonly controlPlane: ControlPlaneClient,
    @Inject(Engine) private readonly engine: Engine,
    @Inject(Reconciler) private readonly reconciler: Reconciler,
    @Inject(Traffic) private readonly traffic: Traffic,
    @Inject(LOG) private readonly log: Log,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.report(), everyMs);
    void this.report();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  async figures(): Promise<NodeFigures> {
    const [machine, environments] = await Promise.all([machineUsage(this.config.home), this.traffic.figures()]);
    const instances = this.instances();
    this.engineVersion ||= await this.engine.version();
    return { at: new Date().toISOString(), agentVersion, engineVersion: this.engineVersion, ...machine, instances, environments };
  }

  private async report(): Promise<void> {
    if (this.reporting) return;
    this.reporting = true;
    try {
      await this.controlPlane.reportFigures(await this.figures());
    } catch (error) {
      this.log.debug({ err: error }, 'figures could not be reported');
    } finally {
      this.reporting = false;
    }
  }

  private instances(): NodeFigures['instances'] {
    return this.reconciler.running().flatMap(({ instance, container }) => {
      const usage = cgroupUsage(container.pid);
      return usage === null ? [] : [{ id: instance.id, memoryLimitBytes: instance.resources.memoryBytes, ...usage }];
    });
  }
}
