import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Queues } from '@molo/queue';
import { Config } from '../config.js';
import { Log } from '../log.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxService } from './outbox.service.js';

@Injectable()
class QueuesClosing implements OnApplicationShutdown {
  constructor(private readonly queues: Queues) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queues.close();
  }
}

@Module({
  providers: [
    { provide: Queues, inject: [Config, Log], useFactory: (config: Config, log: Log) => new Queues(config.redisUrl, log) },
    OutboxService,
    OutboxRelay,
    QueuesClosing,
  ],
  exports: [Queues, OutboxService],
})
export class OutboxModule {}
