import { Module } from '@nestjs/common';
import { EnvironmentsModule } from '../environments/environments.module.js';
import { EnvironmentFigures } from './environment-figures.js';
import { EnvironmentFiguresController } from './environment-figures.controller.js';
import { MetricsController } from './metrics.controller.js';
import { PrometheusFigures } from './prometheus-figures.js';

@Module({ imports: [EnvironmentsModule], controllers: [EnvironmentFiguresController, MetricsController], providers: [EnvironmentFigures, PrometheusFigures] })
export class MetricsModule {}
