import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Collection } from './collection/collection.js';
import { FiguresReporter } from './figures/figures-reporter.js';
import { IdleHeap } from './idle-heap.js';
import { NodeJobs } from './jobs/node-jobs.js';
import { LOG, type Log } from './logger.js';
import { LogStore } from './logs/log-store.js';
import { DesiredFollower } from './reconcile/desired-follower.js';
import { Reconciler } from './reconcile/reconciler.js';

const oldLogsEveryMs = 3600 * 1000;

/** Starts the parts in their order: what runs is taken up first, then the control plane is asked, then work is taken. */
@Injectable()
export class Agent implements OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Reconciler) private readonly reconciler: Reconciler,
    @Inject(DesiredFollower) private readonly desired: DesiredFollower,
    @Inject(NodeJobs) private readonly jobs: NodeJobs,
    @Inject(FiguresReporter) private readonly figures: FiguresReporter,
    @Inject(Collection) private readonly collection: Collection,
    @Inject(LogStore) private readonly logs: LogStore,
    @Inject(IdleHeap) private readonly heap: IdleHeap,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async start(): Promise<void> {
    await this.reconciler.start();
    this.desired.start();
    this.figures.start();
    this.collection.start();
    this.heap.start();
    this.timer = setInterval(() => void this.removeOldLogs(), oldLogsEveryMs);
    void this.takeWork();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async takeWork(): Promise<void> {
    try {
      await this.jobs.start(await this.reconciler.identified);
    } catch (error) {
      this.log.error({ err: error }, 'this node takes no jobs');
    }
  }

  private async removeOldLogs(): Promise<void> {
    try {
      await this.logs.removeOld(this.reconciler.environments, new Date());
    } catch (error) {
      this.log.warn({ err: error }, 'old logs could not be removed');
    }
  }
}
