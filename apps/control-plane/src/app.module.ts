import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { Addresses } from './addresses.js';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { AppChangesModule } from './apps/app-changes.module.js';
import { AppsModule } from './apps/apps.module.js';
import { AuditModule } from './audit/audit.module.js';
import { Config } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { EnvironmentChangesModule } from './environments/environment-changes.module.js';
import { EnvironmentsModule } from './environments/environments.module.js';
import { GitModule } from './git/git.module.js';
import { LifecycleModule } from './lifecycle.module.js';
import { Log } from './log.js';
import { LiveModule } from './live/live.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { RegistryModule } from './registry/registry.module.js';
import { RestModule } from './rest/rest.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { StatusModule } from './status/status.module.js';

@Module({
  imports: [
    // what everything stands on
    DatabaseModule,
    SecretsModule,
    AuditModule,
    AccessModule,
    RestModule,
    // features, one a line
    AppsModule,
    EnvironmentsModule,
    AppChangesModule,
    EnvironmentChangesModule,
    ApprovalsModule,
    LiveModule,
    StatusModule,
    MetricsModule,
    LifecycleModule,
    GitModule,
    RegistryModule,
  ],
})
export class AppModule {
  static with(config: Config, log: Log): DynamicModule {
    return {
      module: AppModule,
      global: true,
      providers: [
        { provide: Config, useValue: config },
        { provide: Log, useValue: log },
        Addresses,
      ],
      exports: [Config, Log, Addresses],
    };
  }
}
