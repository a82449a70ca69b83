import { Module } from '@nestjs/common';
import { HeldChangesModule } from '../approvals/held-changes.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { BuildsModule } from '../builds/builds.module.js';
import { ConfigSnapshotsModule } from '../environments/config-snapshots.module.js';
import { RepositoriesModule } from '../git/repositories.module.js';
import { ImagesModule } from '../images/images.module.js';
import { InstancesModule } from '../instances/instances.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { RegistryStorageModule } from '../registry/registry-storage.module.js';
import { ReleasesModule } from '../releases/releases.module.js';
import { BuildSteps } from './build-steps.js';
import { DeploymentAges } from './deployment-ages.js';
import { DeploymentMover } from './deployment-mover.js';
import { DeploymentRun } from './deployment-run.js';
import { DeploymentViews } from './deployment-views.js';
import { DeploymentWorker } from './deployment-worker.js';
import { DeploymentsService } from './deployments.service.js';
import { InstanceSteps } from './instance-steps.js';
import { KeptInstances } from './kept-instances.js';
import { JournalModule } from './journal.module.js';
import { Settling } from './settling.js';
import { Sweeper } from './sweeper.js';
import { TrafficSteps } from './traffic-steps.js';
import { Turn } from './turn.js';
import { Waiting } from './waiting.js';

@Module({
  imports: [AuditModule, BuildsModule, ConfigSnapshotsModule, HeldChangesModule, ImagesModule, InstancesModule, JournalModule, NodesModule, OutboxModule, RegistryStorageModule, ReleasesModule, RepositoriesModule],
  providers: [BuildSteps, DeploymentAges, DeploymentMover, DeploymentRun, DeploymentViews, DeploymentWorker, DeploymentsService, InstanceSteps, KeptInstances, Settling, Sweeper, TrafficSteps, Turn, Waiting],
  exports: [DeploymentMover, DeploymentsService, DeploymentViews, JournalModule, Settling, Turn],
})
export class DeploymentsModule {}
