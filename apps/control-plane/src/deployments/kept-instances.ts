import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Instance } from '../instances/instance.entity.js';
import { InstancesService } from '../instances/instances.service.js';
import type { Release } from '../releases/release.entity.js';
import { ReleasesService } from '../releases/releases.service.js';

/**
 * Scaling keeps the running instances. Until traffic has moved they stay the live release's, so that a scaling that fails
 * leaves them as they were; then they are handed on.
 */
@Injectable()
export class KeptInstances {
  constructor(
    private readonly releases: ReleasesService,
    private readonly instances: InstancesService,
  ) {}

  /** Instances of the live release that go on in `release`; none where more than the formation differs. */
  async of(manager: EntityManager, release: Release, deploymentId: string): Promise<Instance[]> {
    if (release.reason !== 'scale') return [];
    const live = await this.releases.liveOf(manager, release.environmentId);
    if (!live || !this.#differsInFormationAlone(live, release)) return [];
    const others = await this.instances.ofOthers(manager, release.environmentId, deploymentId);
    return others.filter((instance) => instance.releaseId === live.id && instance.desired === 'running' && !instance.runsOnce && instance.index <= (release.formation[instance.processType] ?? 0));
  }

  /** Where the config was changed too, the running instances do not have it yet. */
  #differsInFormationAlone(live: Release, release: Release): boolean {
    if (live.id === release.id || live.imageId !== release.imageId) return false;
    return isDeepStrictEqual(this.releases.configOf(live), this.releases.configOf(release));
  }
}
