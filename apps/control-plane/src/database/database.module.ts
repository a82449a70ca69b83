import { setTimeout as pause } from 'node:timers/promises';
import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { Log, reasonOf } from '../log.js';
import { createDataSource, migrate } from './data-source.js';
import { isDatabaseAway } from './database-failure.js';
import { Notifications } from './notifications.js';
import { SharedTransactions } from './shared-transactions.js';
import { WakeUps } from './wake-ups.js';

const longestPauseMs = 2000;

/** PostgreSQL may start after the control plane: this waits for it, and says so. Throws what waiting does not mend, as a migration that fails. */
async function connect(config: Config, log: Log): Promise<DataSource> {
  for (let attempt = 0; ; attempt++) {
    const dataSource = createDataSource(config.databaseUrl, { poolSize: config.databasePool });
    try {
      await dataSource.initialize();
      await migrate(dataSource);
      return dataSource;
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      if (!isDatabaseAway(error)) throw error;
      log.warn({ reason: reasonOf(error) }, 'PostgreSQL does not answer yet, trying again');
      await pause(Math.min(100 * 2 ** attempt, longestPauseMs));
    }
  }
}

/** Last of all: whatever shuts down before may still write. */
@Injectable()
class DatabaseClosing implements OnApplicationShutdown {
  constructor(private readonly dataSource: DataSource) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

@Global()
@Module({
  providers: [
    { provide: DataSource, inject: [Config, Log], useFactory: connect },
    { provide: Notifications, inject: [Config, DataSource], useFactory: (config: Config, dataSource: DataSource) => new Notifications(config.databaseUrl, dataSource) },
    SharedTransactions,
    WakeUps,
    DatabaseClosing,
  ],
  exports: [DataSource, Notifications, SharedTransactions, WakeUps],
})
export class DatabaseModule {}
