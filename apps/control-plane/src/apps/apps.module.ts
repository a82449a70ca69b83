import { Module } from '@nestjs/common';
import { AppsService } from './apps.service.js';
import { EnvironmentSummaries } from './environment-summaries.js';

/** Apps as they are. Changing them needs features that need this one: see AppChangesModule. */
@Module({ providers: [AppsService, EnvironmentSummaries], exports: [AppsService] })
export class AppsModule {}
