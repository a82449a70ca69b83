import { Module } from '@nestjs/common';
import { ConfigSnapshotsModule } from '../environments/config-snapshots.module.js';
import { ReleaseViews } from './release-views.js';
import { ReleasesService } from './releases.service.js';

@Module({ imports: [ConfigSnapshotsModule], providers: [ReleasesService, ReleaseViews], exports: [ReleasesService, ReleaseViews] })
export class ReleasesModule {}
