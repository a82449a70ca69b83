import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/nodes.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { InstanceLogs } from './instance-logs.js';
import { InstanceViews } from './instance-views.js';
import { InstancesService } from './instances.service.js';

@Module({ imports: [NodesModule, OutboxModule], providers: [InstancesService, InstanceViews, InstanceLogs], exports: [InstancesService, InstanceViews, InstanceLogs] })
export class InstancesModule {}
