import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { EnvironmentsService } from './environments.service.js';

/** Environments as they are. Changing them needs features that need this one: see EnvironmentChangesModule. */
@Module({ imports: [AppsModule], providers: [EnvironmentsService], exports: [EnvironmentsService] })
export class EnvironmentsModule {}
