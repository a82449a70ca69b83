import { Injectable } from '@nestjs/common';
import { AppError, type BuildOrder, defaultEnvironment } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { ConfigSnapshots, valuesOf } from '../environments/config-snapshots.js';
import type { Build } from './build.entity.js';

interface Row {
  deployment_id: string;
  environment_id: string;
  environment: string;
  needs_approval: boolean;
  app: string;
  version_tag: string | null;
  state: Build['state'];
  commit_id: string;
  tree_id: string;
  source_digest: string;
  source_bytes: string;
}

/** What a builder has to know of a build that was given to its node. */
@Injectable()
export class BuildOrders {
  constructor(
    private readonly dataSource: DataSource,
    private readonly snapshots: ConfigSnapshots,
    private readonly config: Config,
  ) {}

  async of(buildId: string, nodeId: string): Promise<BuildOrder> {
    const [row]: Row[] = await this.dataSource.query(
      `select d.id as deployment_id, d.environment_id, d.needs_approval, a.name as app, e.name as environment, d.version_tag, b.state, b.commit_id, b.tree_id, b.source_digest, b.source_bytes
       from builds b join deployments d on d.build_id = b.id join environments e on e.id = d.environment_id join apps a on a.id = b.app_id where b.id = $1 and b.node_id = $2`,
      [buildId, nodeId],
    );
    if (!row) throw new AppError('not_found', { detail: `There is no build ${buildId} here.` });
    return {
      id: buildId,
      deploymentId: row.deployment_id,
      app: row.app,
      state: row.state,
      source: { repository: row.app, digest: row.source_digest, bytes: Number(row.source_bytes) },
      commit: row.commit_id,
      treeId: row.tree_id,
      imageRepository: `${this.config.registryHost}/${row.app}`,
      // Of what is released in production: so not before that is approved.
      // Git's tags may hold a plus, as in 1.0.0+5; those of images may not.
      tags: row.version_tag === null || row.environment !== defaultEnvironment || row.needs_approval ? [] : [row.version_tag.replaceAll('+', '_')],
      limits: this.config.buildLimits,
      // Its secrets are for what a sysadmin has seen.
      config: row.needs_approval ? {} : valuesOf(await this.snapshots.take(this.dataSource.manager, row.environment_id)),
    };
  }
}
