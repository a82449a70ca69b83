import { Module } from '@nestjs/common';
import { JournalModule } from '../deployments/journal.module.js';
import { ConfigSnapshotsModule } from '../environments/config-snapshots.module.js';
import { ImagesModule } from '../images/images.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { BuildOrders } from './build-orders.js';
import { BuildsService } from './builds.service.js';

@Module({
  imports: [OutboxModule, NodesModule, ImagesModule, JournalModule, ConfigSnapshotsModule],
  providers: [BuildsService, BuildOrders],
  exports: [BuildsService, BuildOrders],
})
export class BuildsModule {}
