import { AppError, cancelBuild, readLogs, runBuild } from '@molo/contracts';
import { handle, Queues } from '@molo/queue';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type AgentConfig } from '../config.js';
import { LOG, type Log } from '../logger.js';
import { LogReader } from '../logs/log-reader.js';

const buildsAtOnce = 2;
const controlAtOnce = 50;

/** Time that builds have to end in good order when the agent stops. */
const shutdownMs = 5000;

/** What carries out builds. */
export abstract class Builds {
  /** Builds, pushes and reports; returns once the control plane knows how it ended. */
  abstract run(buildId: string, signal: AbortSignal): Promise<void>;
  /** Ends a build that runs; the control plane hears of it as of any end. */
  abstract cancel(buildId: string): Promise<void>;
}

/** Takes the jobs of this node's queues. */
@Injectable()
export class NodeJobs implements OnModuleDestroy {
  private readonly queues: Queues;
  private consuming: string | null = null;

  constructor(
    @Inject(CONFIG) config: Pick<AgentConfig, 'redisUrl'>,
    @Inject(LOG) private readonly log: Log,
    @Inject(Builds) private readonly builds: Builds,
    @Inject(LogReader) private readonly logs: LogReader,
  ) {
    this.queues = new Queues(config.redisUrl, log);
  }

  /** A node's queues carry its id, which is known from its first desired set on. */
  async start(nodeId: string): Promise<void> {
    if (this.consuming === nodeId) return;
    if (this.consuming !== null) throw new AppError('conflict', { detail: `This agent serves node ${this.consuming} and was told that it is ${nodeId}. Start it again.` });
    this.consuming = nodeId;
    await this.queues.consume([handle(runBuild, ({ buildId }, { signal }) => this.builds.run(buildId, signal))], { concurrency: buildsAtOnce, nodeId });
    await this.queues.consume(
      [handle(cancelBuild, ({ buildId }) => this.builds.cancel(buildId)), handle(readLogs, (request, { signal }) => this.logs.read(request, signal))],
      { concurrency: controlAtOnce, nodeId },
    );
    this.log.info({ nodeId }, 'taking jobs');
  }

  async onModuleDestroy(): Promise<void> {
    await this.queues.close(shutdownMs);
  }
}
