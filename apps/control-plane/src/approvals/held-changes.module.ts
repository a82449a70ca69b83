import { Module } from '@nestjs/common';
import { ConfigSnapshotsModule } from '../environments/config-snapshots.module.js';
import { HeldChanges } from './held-changes.js';

/** Apart from the decisions, so that whoever begins a deployment can hold its change. */
@Module({ imports: [ConfigSnapshotsModule], providers: [HeldChanges], exports: [HeldChanges] })
export class HeldChangesModule {}
