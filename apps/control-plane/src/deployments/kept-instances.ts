import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Instance } from '../instances/instance.entity.js';
import { InstancesService } from '../instances/instances.service.js';
import { NodesService } from '../nodes/nodes.service.js';
import type { Release } from '../releases/release.entity.js';
import { ReleasesService } from '../releases/releases.service.js';
import type { Deployment } from './deployment.entity.js';

/**
 * Scaling keeps the running instances, and so does moving, but for those on nodes that are being drained. Until traffic has moved they stay the live release's, so that a deployment that fails
 * leaves them as they were; then they are handed on.
 */
@Injectable()
export class KeptInstances {
  constructor(
    private readonly releases: ReleasesService,
    private readonly instances: InstancesService,
    private readonly nodes: NodesService,
  ) {}

  /** Before the deployment's own are placed: instances of the live release that can go on in `release`; none where more than the formation differs. */
  async staying(manager: EntityManager, release: Release, deployment: Deployment): Promise<Instance[]> {
    const kept = await this.#running(manager, release, deployment);
    const draining = kept.length === 0 ? new Set() : await this.nodes.draining(manager);
    return kept.filter(({ nodeId }) => !draining.has(nodeId));
  }

  /** From then on: those in whose place it has none of its own. What became of nodes meanwhile changes nothing: the next move goes by it. */
  async of(manager: EntityManager, release: Release, deployment: Deployment): Promise<Instance[]> {
    const kept = await this.#running(manager, release, deployment);
    if (kept.length === 0) return kept;
    const own = new Set((await this.instances.ofDeployment(manager, deployment.id)).map(placeOf));
    return kept.filter((instance) => !own.has(placeOf(instance)));
  }

  async #running(manager: EntityManager, release: Release, { id, reason }: Deployment): Promise<Instance[]> {
    if (reason !== 'scale' && reason !== 'move') return [];
    const live = await this.releases.liveOf(manager, release.environmentId);
    if (!live || !(reason === 'move' ? live.id === release.id : this.#differsInFormationAlone(live, release))) return [];
    const others = await this.instances.ofOthers(manager, release.environmentId, id);
    return others.filter((instance) => instance.releaseId === live.id && instance.desired === 'running' && !instance.runsOnce && instance.index <= (release.formation[instance.processType] ?? 0));
  }

  /** Where the config was changed too, the running instances do not have it yet. */
  #differsInFormationAlone(live: Release, release: Release): boolean {
    if (live.id === release.id || live.imageId !== release.imageId) return false;
    return isDeepStrictEqual(this.releases.configOf(live), this.releases.configOf(release));
  }
}

function placeOf({ processType, index }: Instance): string {
  return `${processType}.${index}`;
}
