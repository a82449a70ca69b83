import { Injectable } from '@nestjs/common';
import { AppError, type DeploymentState } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { Log } from '../log.js';
import { Course } from './course.js';
import { DeploymentAges } from './deployment-ages.js';
import { Deployment, movedTo } from './deployment.entity.js';
import { DeploymentMover, MovedOnError } from './deployment-mover.js';
import { BuildSteps } from './build-steps.js';
import { InstanceSteps } from './instance-steps.js';
import { TrafficSteps } from './traffic-steps.js';
import { canFail, isPast, waitingState } from './transitions.js';
import { type Standing, Turn } from './turn.js';

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
      const taken = await this.turn.take(deploymentId, (manager, deployment) => this.#atOnce(manager, deployment));
      if (taken === 'unapproved') await this.#prepare(deploymentId);
      else if (taken) await this.#tell(taken);
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

  async #tell(taken: Standing): Promise<void> {
    const queued = await this.#step(taken, 'queued', ({ deployment }) => this.building.build(deployment));
    const approved = await this.#step(queued, 'awaiting_approval', ({ deployment }) => this.building.bring(deployment));
    const placing = await this.#step(approved, 'placing', ({ deployment }) => this.instances.place(deployment));
    const starting = await this.#step(placing, 'starting', (standing) => this.instances.start(standing));
    const checking = await this.#step(starting, 'checking', ({ deployment }) => this.instances.check(deployment));
    const switching = await this.#step(checking, 'switching', ({ deployment }) => this.traffic.switch(deployment));
    await this.#step(switching, 'draining', ({ deployment }) => this.traffic.drain(deployment));
  }

  /** What needs approval is built before anybody looks at it, beside whatever has the turn. Who approves it queues it again. */
  async #prepare(deploymentId: string): Promise<void> {
    const deployment = await this.dataSource.manager.findOneByOrFail(Deployment, { id: deploymentId });
    await this.#step({ deployment, hasJustBegun: false }, 'queued', () => this.building.buildUnapproved(deployment));
  }

  /** What waits for nothing is done with the turn: where there is nothing to build, the release and its places. */
  async #atOnce(manager: EntityManager, deployment: Deployment): Promise<Deployment | null> {
    // A promotion may have a release process to wait for.
    if (deployment.buildId || deployment.reason === 'promotion') return null;
    const brought = await this.building.release(manager, deployment);
    const course = Course.from(waitingState(deployment)).tell(...brought.told).to('placing');
    const releaseId = brought.release.id;
    await this.mover.follow(manager, deployment.id, await this.instances.placeAll(manager, deployment, brought, [], course), { releaseId, begins: true });
    return movedTo(deployment, 'starting', { releaseId, startedAt: new Date() });
  }

  async #step(standing: Standing, state: DeploymentState, act: (standing: Standing) => Promise<Deployment>): Promise<Standing> {
    const { deployment } = standing;
    if (isPast(deployment.state, state)) return standing;
    if (deployment.state !== state) throw new MovedOnError(`Deployment ${deployment.id} is ${deployment.state}, not ${state}`);
    try {
      return { deployment: await act(standing), hasJustBegun: true };
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
