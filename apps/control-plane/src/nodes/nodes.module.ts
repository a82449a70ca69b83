import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { LocalNode } from './local-node.js';
import { NodesService } from './nodes.service.js';

@Module({ imports: [OutboxModule], providers: [NodesService, LocalNode], exports: [NodesService] })
export class NodesModule {}
