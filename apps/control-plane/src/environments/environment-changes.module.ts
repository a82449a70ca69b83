import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { RepositoriesModule } from '../git/repositories.module.js';
import { InstancesModule } from '../instances/instances.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { ReleasesModule } from '../releases/releases.module.js';
import { ConfigSnapshotsModule } from './config-snapshots.module.js';
import { ConfigService } from './config.service.js';
import { DomainsService } from './domains.service.js';
import { EnvironmentChangesService } from './environment-changes.service.js';
import { EnvironmentsController } from './environments.controller.js';
import { EnvironmentsModule } from './environments.module.js';
import { FormationService } from './formation.service.js';

/** Making and removing them, their config, formation and domains, and the endpoints of it all. */
@Module({
  imports: [AppsModule, ConfigSnapshotsModule, EnvironmentsModule, DeploymentsModule, InstancesModule, NodesModule, ReleasesModule, RepositoriesModule],
  controllers: [EnvironmentsController],
  providers: [ConfigService, DomainsService, EnvironmentChangesService, FormationService],
})
export class EnvironmentChangesModule {}
