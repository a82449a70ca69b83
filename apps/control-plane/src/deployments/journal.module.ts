import { Module } from '@nestjs/common';
import { DeploymentStream } from './deployment-stream.js';
import { Journal } from './journal.js';

@Module({ providers: [Journal, DeploymentStream], exports: [Journal, DeploymentStream] })
export class JournalModule {}
