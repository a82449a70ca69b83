import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { RegistryStorageModule } from '../registry/registry-storage.module.js';
import { Collector } from './collector.js';
import { HistorySweep } from './history-sweep.js';
import { ImageCollection } from './image-collection.js';
import { ManifestRemoval } from './manifest-removal.js';
import { RegistryCollection } from './registry-collection.js';

@Module({ imports: [AuditModule, RegistryStorageModule], providers: [Collector, HistorySweep, ImageCollection, ManifestRemoval, RegistryCollection], exports: [ImageCollection] })
export class CollectionModule {}
