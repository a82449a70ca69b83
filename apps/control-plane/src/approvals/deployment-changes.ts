import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Commit, type ConfigDifference, type DeploymentChanges as ChangesView, type Formation, type FormationDifference } from '@molo/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { BuildsService } from '../builds/builds.service.js';
import { Deployment } from '../deployments/deployment.entity.js';
import { changed, type ConfigSnapshot, ConfigSnapshots } from '../environments/config-snapshots.js';
import { Environment } from '../environments/environment.entity.js';
import { Repositories } from '../git/repositories.js';
import { ImagesService } from '../images/images.service.js';
import type { Release } from '../releases/release.entity.js';
import { formationOf, ReleasesService } from '../releases/releases.service.js';
import { type HeldChange, HeldChanges } from './held-changes.js';

/** One side of the comparison. `digest`: null until it is built. */
interface Side {
  readonly digest: string | null;
  readonly commit: Commit | null;
  readonly config: ConfigSnapshot;
  readonly formation: Formation;
}

export type Compared = Omit<ChangesView, 'commit'> & { readonly commit: Pick<ChangesView['commit'], 'before' | 'after'> };

const nothingLive: Side = { digest: null, commit: null, config: {}, formation: {} };

/** What a deployment that waits would change, beside what is live now: for whoever decides on it. Values of secrets are in none of it. */
@Injectable()
export class DeploymentChanges {
  constructor(
    private readonly dataSource: DataSource,
    private readonly releases: ReleasesService,
    private readonly images: ImagesService,
    private readonly builds: BuildsService,
    private readonly snapshots: ConfigSnapshots,
    private readonly held: HeldChanges,
    private readonly repositories: Repositories,
  ) {}

  async of(deployment: Deployment): Promise<ChangesView> {
    const compared = await this.compare(this.dataSource.manager, deployment);
    const [app]: { name: string }[] = await this.dataSource.query('select a.name from apps a join environments e on e.app_id = a.id where e.id = $1', [deployment.environmentId]);
    const { before, after } = compared.commit;
    return { ...compared, commit: { before, after, ...(await this.#range(app!.name, before, after)) } };
  }

  /** The same without the commits between the two, which git knows: it may be slow, and whoever approves holds the environment. */
  async compare(manager: EntityManager, deployment: Deployment): Promise<Compared> {
    const environment = await manager.findOneByOrFail(Environment, { id: deployment.environmentId });
    const live = await this.releases.liveOf(manager, environment.id);
    const before = live === null ? nothingLive : await this.#sideOf(manager, live);
    const after = await this.#sideAfter(manager, deployment, environment, before);
    const told = {
      live: live && { number: live.number, version: live.version },
      image: { before: before.digest, after: after.digest },
      commit: { before: before.commit, after: after.commit },
      config: configDifferences(before.config, after.config),
      formation: formationDifferences(before.formation, after.formation),
    };
    return { ...told, version: createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16) };
  }

  async #sideOf(manager: EntityManager, release: Release): Promise<Side> {
    const { digest } = await this.images.find(manager, release.imageId);
    return { digest, commit: release.commit, config: this.releases.configOf(release), formation: release.formation };
  }

  async #sideAfter(manager: EntityManager, deployment: Deployment, environment: Environment, before: Side): Promise<Side> {
    if (deployment.reason === 'redeploy') return before;
    const change = await this.held.read(manager, deployment);
    const source = deployment.sourceReleaseId === null ? null : await this.releases.find(manager, deployment.sourceReleaseId);
    const [image, config] = [await this.#image(manager, deployment, environment, source), await this.#config(manager, deployment, change, source)];
    const formation = { ...environment.formation, ...change.formation };
    return {
      digest: image?.digest ?? null,
      commit: deployment.commit ?? source?.commit ?? before.commit,
      config,
      formation: image === null ? formation : formationOf(formation, Object.keys(image.manifest.processes)),
    };
  }

  async #image(manager: EntityManager, { buildId }: Deployment, { liveReleaseId }: Environment, source: Release | null) {
    const release = source ?? (liveReleaseId === null ? null : await this.releases.find(manager, liveReleaseId));
    const imageId = buildId === null ? release?.imageId : (await this.builds.find(buildId, manager)).imageId;
    return imageId ? await this.images.find(manager, imageId) : null;
  }

  /** A rollback brings the config of the release that it goes back to; all others that of the moment. */
  async #config(manager: EntityManager, { reason, environmentId }: Deployment, change: HeldChange, source: Release | null): Promise<ConfigSnapshot> {
    if (reason === 'rollback' && source) return this.releases.configOf(source);
    const now = await this.snapshots.take(manager, environmentId);
    return change.config ? changed(now, change.config) : now;
  }

  async #range(app: string, before: Commit | null, after: Commit | null): Promise<{ added: Commit[]; removed: Commit[] }> {
    if (before === null || after === null || before.id === after.id) return { added: [], removed: [] };
    const [added, removed] = await Promise.all([this.repositories.commitsBetween(app, before.id, after.id), this.repositories.commitsBetween(app, after.id, before.id)]);
    return { added, removed };
  }
}

export function configDifferences(before: ConfigSnapshot, after: ConfigSnapshot): ConfigDifference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key): ConfigDifference[] => {
    const [was, is] = [before[key], after[key]];
    if (was?.value === is?.value && was?.secret === is?.secret) return [];
    const secret = was?.secret === true || is?.secret === true;
    return [{ key, kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed', secret, before: secret ? null : (was?.value ?? null), after: secret ? null : (is?.value ?? null) }];
  });
}

function formationDifferences(before: Formation, after: Formation): FormationDifference[] {
  const types = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return types.filter((type) => before[type] !== after[type]).map((processType) => ({ processType, before: before[processType] ?? null, after: after[processType] ?? null }));
}
