import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { RegistryStorageModule } from './registry-storage.module.js';
import { RegistryTokenController } from './registry-token.controller.js';

/** The registry's token server. */
@Module({ imports: [RegistryStorageModule, AccessModule, AppsModule, NodesModule], controllers: [RegistryTokenController], exports: [RegistryStorageModule] })
export class RegistryModule {}
