import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppError, runDeployment } from '@molo/contracts';
import { handle, Queues } from '@molo/queue';
import { DataSource } from 'typeorm';
import { isDatabaseAway } from '../database/database-failure.js';
import { Log } from '../log.js';
import { DeploymentRun } from './deployment-run.js';

/** Most of them wait for a turn, a build or a node, and cost nothing. */
const concurrency = 1000;
const databaseLookMs = 500;

/** Carries deployments on: those that are queued, and at its own start those that another process left in the middle. */
@Injectable()
export class DeploymentWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #closing = new AbortController();

  constructor(
    private readonly queues: Queues,
    private readonly runs: DeploymentRun,
    private readonly dataSource: DataSource,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const handler = handle(
      runDeployment,
      async ({ deploymentId }, { signal }) => {
        await unlessStopped(signal, this.#carryOn(deploymentId, signal));
      },
      async ({ deploymentId }, error) => {
        const detail = 'The control plane could not carry the deployment on. The release that ran before was not touched. Push again; the log of the control plane says more.';
        await this.runs.fail(deploymentId, new AppError('internal', { detail, cause: error }));
      },
    );
    await this.queues.consume([handler], { concurrency });
    void this.#takeUpWhatWasLeft().catch((error: unknown) => this.log.warn({ err: error }, 'deployments that were left could not be looked up; their jobs come back'));
  }

  onApplicationShutdown(): void {
    this.#closing.abort();
  }

  /**
   * The job of a process that was killed comes back only when its lock has run out. Its deployment need not wait for that:
   * a run that is done twice at once is done once.
   */
  async #takeUpWhatWasLeft(): Promise<void> {
    const { signal } = this.#closing;
    const left: { id: string }[] = await this.dataSource.query(`select id from deployments where finished_at is null and (started_at is not null or (needs_approval and state = 'queued')) order by created_at`);
    await Promise.all(
      left.map(async ({ id }) => {
        await this.#carryOn(id, signal).catch((error: unknown) => {
          if (!signal.aborted) this.log.warn({ deploymentId: id, err: error }, 'a deployment that was left could not be taken up; its job comes back');
        });
      }),
    );
  }

  /** No attempt of the job is spent on a PostgreSQL that goes away: the deployment goes on once it is back. */
  async #carryOn(deploymentId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.runs.run(deploymentId);
        return;
      } catch (error) {
        if (!isDatabaseAway(error) || signal.aborted) throw error;
        await this.#untilDatabaseAnswers(signal);
      }
    }
  }

  async #untilDatabaseAnswers(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(databaseLookMs, undefined, { signal }).catch(() => undefined);
      const answers = await this.dataSource.query('select 1').then(
        () => true,
        () => false,
      );
      if (answers) return;
    }
  }
}

/** The process shuts down: the job goes back, and whoever starts next takes the deployment up where it stands. */
async function unlessStopped(signal: AbortSignal, work: Promise<void>): Promise<void> {
  // The signal lives as long as the process: what listens to it has to go with the job.
  const done = new AbortController();
  const stopped = once(signal, 'abort', { signal: done.signal }).then(() => {
    throw new AppError('unavailable', { detail: 'The control plane is stopping.' });
  });
  try {
    await Promise.race([work, stopped]);
  } finally {
    done.abort();
  }
}
