import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { LiveGateway } from './live.gateway.js';

@Module({ imports: [AppsModule, DeploymentsModule], providers: [LiveGateway] })
export class LiveModule {}
