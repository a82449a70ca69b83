import { Module } from '@nestjs/common';
import { DesiredChanges } from './desired-changes.js';
import { LocalNode } from './local-node.js';
import { NodesService } from './nodes.service.js';

@Module({ providers: [DesiredChanges, NodesService, LocalNode], exports: [DesiredChanges, NodesService] })
export class NodesModule {}
