import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AppError, runDeployment } from '@molo/contracts';
import { handle, Queues } from '@molo/queue';
import { DeploymentRun } from './deployment-run.js';

/** Most of them wait for a turn, a build or a node, and cost nothing. */
const concurrency = 1000;

@Injectable()
export class DeploymentWorker implements OnApplicationBootstrap {
  constructor(
    private readonly queues: Queues,
    private readonly runs: DeploymentRun,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const handler = handle(
      runDeployment,
      async ({ deploymentId }, { signal }) => {
        await Promise.race([this.runs.run(deploymentId), stopped(signal)]);
      },
      async ({ deploymentId }, error) => {
        const detail = 'The control plane could not carry the deployment on. The release that ran before was not touched. Push again; the log of the control plane says more.';
        await this.runs.fail(deploymentId, new AppError('internal', { detail, cause: error }));
      },
    );
    await this.queues.consume([handler], { concurrency });
  }
}

/** The process shuts down: the job goes back, and whoever starts next takes the deployment up where it stands. */
function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new AppError('unavailable', { detail: 'The control plane is stopping.' }));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
