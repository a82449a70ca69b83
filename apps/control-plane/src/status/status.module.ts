import { Module } from '@nestjs/common';
import { NodesModule } from '../nodes/nodes.module.js';
import { Parts } from './parts.js';
import { StatusController } from './status.controller.js';

@Module({ imports: [NodesModule], controllers: [StatusController], providers: [Parts] })
export class StatusModule {}
