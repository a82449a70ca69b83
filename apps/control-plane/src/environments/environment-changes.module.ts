import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { ReleasesModule } from '../releases/releases.module.js';
import { ConfigService } from './config.service.js';
import { DomainsService } from './domains.service.js';
import { EnvironmentsController } from './environments.controller.js';
import { EnvironmentsModule } from './environments.module.js';
import { FormationService } from './formation.service.js';

/** Config, formation and domains, and their endpoints. */
@Module({
  imports: [EnvironmentsModule, DeploymentsModule, NodesModule, ReleasesModule],
  controllers: [EnvironmentsController],
  providers: [ConfigService, DomainsService, FormationService],
})
export class EnvironmentChangesModule {}
