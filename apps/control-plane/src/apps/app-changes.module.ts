import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { EnvironmentsModule } from '../environments/environments.module.js';
import { RepositoriesModule } from '../git/repositories.module.js';
import { InstancesModule } from '../instances/instances.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { RegistryStorageModule } from '../registry/registry-storage.module.js';
import { AppChangesService } from './app-changes.service.js';
import { AppsController } from './apps.controller.js';
import { AppsModule } from './apps.module.js';

/** Creating, changing and deleting apps, and their endpoints. */
@Module({
  imports: [AppsModule, DeploymentsModule, EnvironmentsModule, InstancesModule, NodesModule, RegistryStorageModule, RepositoriesModule],
  controllers: [AppsController],
  providers: [AppChangesService],
})
export class AppChangesModule {}
