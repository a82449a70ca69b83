import { Module } from '@nestjs/common';
import { AppsModule } from './apps/apps.module.js';
import { BuildsModule } from './builds/builds.module.js';
import { CollectionModule } from './collection/collection.module.js';
import { DeploymentsController } from './deployments/deployments.controller.js';
import { DeploymentsModule } from './deployments/deployments.module.js';
import { EnvironmentsModule } from './environments/environments.module.js';
import { ImagesController } from './images/images.controller.js';
import { ImagesModule } from './images/images.module.js';
import { InstancesController } from './instances/instances.controller.js';
import { InstancesModule } from './instances/instances.module.js';
import { AgentAuthentication } from './nodes/agent-authentication.js';
import { AgentController } from './nodes/agent.controller.js';
import { DesiredService } from './nodes/desired.service.js';
import { NodeReports } from './nodes/node-reports.js';
import { Drains } from './nodes/drains.js';
import { NodeChanges } from './nodes/node-changes.service.js';
import { NodesController } from './nodes/nodes.controller.js';
import { NodesModule } from './nodes/nodes.module.js';
import { ObservedRows } from './nodes/observed-rows.js';
import { ObservedService } from './nodes/observed.service.js';
import { ReleasesController } from './releases/releases.controller.js';
import { ReleasesModule } from './releases/releases.module.js';
import { RestModule } from './rest/rest.module.js';

/**
 * The outer side of builds, releases, deployments, instances and nodes: what people and agents call.
 * It stands above the features' own modules, since it needs apps and environments, which themselves begin deployments.
 */
@Module({
  imports: [AppsModule, BuildsModule, CollectionModule, DeploymentsModule, EnvironmentsModule, ImagesModule, InstancesModule, NodesModule, ReleasesModule, RestModule],
  controllers: [AgentController, DeploymentsController, ImagesController, InstancesController, NodesController, ReleasesController],
  providers: [AgentAuthentication, DesiredService, Drains, NodeChanges, NodeReports, ObservedRows, ObservedService],
})
export class LifecycleModule {}
