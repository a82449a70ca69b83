import { Injectable } from '@nestjs/common';
import type { AppManifest, Commit, DesiredInstance, DesiredNode, DesiredRoute, InstanceDesired } from '@molo/contracts';
import { DataSource, type EntityManager, In } from 'typeorm';
import { Config } from '../config.js';
import { valuesOf } from '../environments/config-snapshots.js';
import { EnvironmentsService } from '../environments/environments.service.js';
import { Release } from '../releases/release.entity.js';
import { ReleasesService } from '../releases/releases.service.js';
import { Node } from './node.entity.js';

interface InstanceRow {
  id: string;
  app: string;
  environment: string;
  environment_id: string;
  deployment_id: string;
  release_id: string;
  number: number;
  version: string | null;
  commit: Commit | null;
  process_type: string;
  index: number;
  desired: InstanceDesired;
  runs_once: boolean;
  command: string | null;
  digest: string;
  engine_image_id: string;
  manifest: AppManifest;
}

interface RouteRow {
  environment_id: string;
  app: string;
  environment: string;
  domains: string[];
  release: number | null;
  serving: string[];
  counting: string | null;
}

/** Works out, from the facts, all that a node is to be. */
@Injectable()
export class DesiredService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly releases: ReleasesService,
    private readonly environments: EnvironmentsService,
    private readonly config: Config,
  ) {}

  /** Read in one snapshot: the generation is that of the facts beside it. */
  async of(nodeId: string): Promise<DesiredNode> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const node = await manager.findOneByOrFail(Node, { id: nodeId });
      const instances = node.roles.includes('instances') ? await this.#instances(manager, nodeId) : [];
      const routes = node.roles.includes('ingress') ? await this.#routes(manager) : [];
      return { nodeId, generation: Number(node.generation), instances, routes };
    });
  }

  async #instances(manager: EntityManager, nodeId: string): Promise<DesiredInstance[]> {
    const rows: InstanceRow[] = await manager.query(
      `select i.id, a.name as app, e.name as environment, e.id as environment_id, i.deployment_id, i.release_id, r.number, r.version, r.commit,
         i.process_type, i.index, i.desired, i.runs_once, i.command, img.digest, img.engine_image_id, img.manifest
       from instances i join environments e on e.id = i.environment_id join apps a on a.id = e.app_id
         join releases r on r.id = i.release_id join images img on img.id = r.image_id
       where i.node_id = $1 and i.gone_at is null order by i.created_at, i.id`,
      [nodeId],
    );
    const releases = await manager.findBy(Release, { id: In([...new Set(rows.map((row) => row.release_id))]) });
    const byId = new Map(releases.map((release) => [release.id, release]));
    return rows.map((row) => this.#instance(row, byId.get(row.release_id)!));
  }

  #instance(row: InstanceRow, release: Release): DesiredInstance {
    const { manifest } = row;
    const isWeb = row.process_type === 'web';
    const resources = manifest.processes[row.process_type]!.resources;
    return {
      id: row.id,
      app: row.app,
      environment: row.environment,
      environmentId: row.environment_id,
      deploymentId: row.deployment_id,
      release: row.number,
      version: row.version,
      commit: row.commit?.id ?? null,
      processType: row.process_type,
      index: row.index,
      desired: row.desired,
      runsOnce: row.runs_once,
      image: { reference: `${this.config.registryHost}/${row.app}@${row.digest}`, digest: row.digest, imageId: row.engine_image_id },
      command: row.command,
      env: valuesOf(this.releases.configOf(release)),
      port: isWeb ? manifest.port : null,
      resources,
      health: isWeb ? manifest.health : null,
      drainSeconds: manifest.drainSeconds,
      stopSeconds: manifest.stopSeconds,
    };
  }

  async #routes(manager: EntityManager): Promise<DesiredRoute[]> {
    const rows: RouteRow[] = await manager.query(
      `select e.id as environment_id, a.name as app, e.name as environment, r.number as release,
         coalesce(own.hosts, '{}') as domains, coalesce(serving.ids, '{}') as serving, active.id as counting
       from environments e join apps a on a.id = e.app_id left join releases r on r.id = e.live_release_id
         left join (select environment_id, array_agg(host order by host) as hosts from domains group by environment_id) own on own.environment_id = e.id
         left join (select environment_id, array_agg(id order by id) as ids from instances where serving and gone_at is null
           group by environment_id) serving on serving.environment_id = e.id
         left join deployments active on active.id = e.active_deployment_id and active.started_at is not null
       where a.deleted_at is null order by a.name, e.name`,
    );
    return rows.map((row) => ({
      environmentId: row.environment_id,
      app: row.app,
      environment: row.environment,
      hosts: this.environments.hosts(row.app, row.environment, row.domains),
      release: row.release,
      serving: row.serving,
      countingDeploymentId: row.counting,
    }));
  }
}
