import { Module } from '@nestjs/common';
import { Repositories } from './repositories.js';

/** Apart from the transports, so that what they call can use the repositories itself. */
@Module({ providers: [Repositories], exports: [Repositories] })
export class RepositoriesModule {}
