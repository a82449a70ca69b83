import { Injectable } from '@nestjs/common';
import { defaultEnvironment } from '@molo/contracts';
import { EnvironmentsService } from '../environments/environments.service.js';
import type { GitApp } from './git-access.js';
import type { RefUpdate } from './ref-update.js';

/** What a branch deploys. */
export interface Deploying {
  readonly branch: string;
  readonly environment: string;
  /** Whether the branch tells what is live there: then it stays. */
  readonly isLive: boolean;
}

const heads = 'refs/heads/';

/** Which branch deploys which environment: the app's deploying branch `production`, and each other one the branch of its name. */
@Injectable()
export class DeployingBranches {
  constructor(private readonly environments: EnvironmentsService) {}

  /** @returns by ref. Where nothing else than the app's deploying branch is pushed, nothing is looked up, and that alone is there */
  async of({ id, deployBranch }: GitApp, updates: readonly RefUpdate[]): Promise<ReadonlyMap<string, Deploying>> {
    const ofProduction: Deploying = { branch: deployBranch, environment: defaultEnvironment, isLive: true };
    const others = updates.some(({ ref }) => ref.startsWith(heads) && ref !== heads + deployBranch) ? await this.environments.listOf(id) : [];
    const deploying = others
      .filter(({ name }) => name !== defaultEnvironment)
      .map(({ name, liveReleaseId }): Deploying => ({ branch: name, environment: name, isLive: liveReleaseId !== null }));
    return new Map([ofProduction, ...deploying].map((each) => [heads + each.branch, each]));
  }
}
