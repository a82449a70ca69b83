import { Module } from '@nestjs/common';
import { BuildsModule } from '../builds/builds.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { ConfigSnapshotsModule } from '../environments/config-snapshots.module.js';
import { RepositoriesModule } from '../git/repositories.module.js';
import { ImagesModule } from '../images/images.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ReleasesModule } from '../releases/releases.module.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsService } from './approvals.service.js';
import { DeploymentChanges } from './deployment-changes.js';
import { HeldChangesModule } from './held-changes.module.js';

/** Who decides on deployments of protected environments, and what they see of them. */
@Module({
  imports: [BuildsModule, ConfigSnapshotsModule, DeploymentsModule, HeldChangesModule, ImagesModule, OutboxModule, ReleasesModule, RepositoriesModule],
  controllers: [ApprovalsController],
  providers: [ApprovalsService, DeploymentChanges],
})
export class ApprovalsModule {}
