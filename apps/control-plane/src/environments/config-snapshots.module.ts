import { Module } from '@nestjs/common';
import { ConfigSnapshots } from './config-snapshots.js';

@Module({ providers: [ConfigSnapshots], exports: [ConfigSnapshots] })
export class ConfigSnapshotsModule {}
