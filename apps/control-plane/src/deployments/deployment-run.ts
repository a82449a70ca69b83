import { Injectable } from '@nestjs/common';
import { AppError, type DeploymentState } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Log } from '../log.js';
import { DeploymentAges } from './deployment-ages.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentMover, MovedOnError } from './deployment-mover.js';
import { BuildSteps } from './build-steps.js';
import { InstanceSteps } from './instance-steps.js';
import { TrafficSteps } from './traffic-steps.js';
import { canFail, isPast } from './transitions.js';
import { Turn } from './turn.js';

/**
 * The story of a deployment, from its turn to its end. Every step may be done again: one that is past is passed over,
 * so a run that died anywhere is taken up by the next where the deployment's state says that it stands.
 */
@Injectable()
export class DeploymentRun {
  constructor(
    private readonly dataSource: DataSource,
    private readonly turn: Turn,
    private readonly building: BuildSteps,
    private readonly instances: InstanceSteps,
    private readonly traffic: TrafficSteps,
    private readonly mover: DeploymentMover,
    private readonly ages: DeploymentAges,
    private readonly log: Log,
  ) {}

  async run(deploymentId: string): Promise<void> {
    this.ages.takeUp(deploymentId);
    try {
      if (await this.turn.take(deploymentId)) await this.#tell(deploymentId);
    } catch (error) {
      if (error instanceof MovedOnError) {
        this.log.info({ deploymentId, reason: error.message }, 'somebody else carries this deployment on');
        return;
      }
      if (!(error instanceof FailedStep)) throw error;
      await this.fail(deploymentId, error.reason, error.state);
    } finally {
      this.ages.leave(deploymentId);
    }
  }

  /**
   * Ends a deployment that cannot go on: what it started goes, what ran before was never touched.
   * @param failedIn what failed in this state fails it in no other: somebody else has brought it further by now
   */
  async fail(deploymentId: string, error: AppError, failedIn?: DeploymentState): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const deployment = await manager.findOneOrFail(Deployment, { where: { id: deploymentId }, lock: { mode: 'for_no_key_update' } });
      const { state } = deployment;
      if (!canFail(state) || (failedIn !== undefined && failedIn !== state)) return;
      this.log.info({ deploymentId, code: error.code, err: error.cause }, 'deployment failed');
      const facts = { failure: error.toFailure(), receipt: await this.traffic.receipt(manager, deployment) };
      await this.building.giveUp(manager, deployment);
      if (error.code === 'deployment_cancelled' && state !== 'switching') await this.mover.move(manager, deploymentId, state, 'cancelled', facts);
      else await this.mover.move(manager, deploymentId, state, 'failed', facts);
      if (state === 'switching') {
        await this.traffic.giveBack(manager, deployment);
        // An ingress may have switched and not come to say so: requests may be open.
        await this.instances.drainOwn(manager, deploymentId);
      } else await this.instances.stopOwn(manager, deploymentId);
      await this.traffic.stopCounting(manager, deployment);
    });
  }

  async #tell(deploymentId: string): Promise<void> {
    await this.#step(deploymentId, 'queued', (deployment) => this.building.build(deployment));
    await this.#step(deploymentId, 'placing', (deployment) => this.instances.place(deployment));
    await this.#step(deploymentId, 'starting', (deployment) => this.instances.start(deployment));
    await this.#step(deploymentId, 'checking', (deployment) => this.instances.check(deployment));
    await this.#step(deploymentId, 'switching', (deployment) => this.traffic.switch(deployment));
    await this.#step(deploymentId, 'draining', (deployment) => this.traffic.drain(deployment));
  }

  async #step(deploymentId: string, state: DeploymentState, act: (deployment: Deployment) => Promise<void>): Promise<void> {
    const deployment = await this.dataSource.manager.findOneByOrFail(Deployment, { id: deploymentId });
    if (isPast(deployment.state, state)) return;
    if (deployment.state !== state) throw new MovedOnError(`Deployment ${deploymentId} is ${deployment.state}, not ${state}`);
    try {
      await act(deployment);
    } catch (error) {
      throw error instanceof AppError ? new FailedStep(state, error) : error;
    }
  }
}

class FailedStep extends Error {
  constructor(
    readonly state: DeploymentState,
    readonly reason: AppError,
  ) {
    super(reason.message, { cause: reason });
  }
}
