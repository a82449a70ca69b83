import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Part } from '@molo/contracts';
import { connectRedis } from '@molo/queue';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Config } from '../config.js';
import { reasonOf } from '../log.js';
import { NodesService } from '../nodes/nodes.service.js';

export type PartStatus = z.infer<typeof Part>;

const answerWithinMs = 2000;

/** Asks the parts of the platform whether they answer. */
@Injectable()
export class Parts implements OnApplicationShutdown {
  private readonly redis;

  constructor(
    private readonly dataSource: DataSource,
    private readonly nodes: NodesService,
    private readonly config: Config,
  ) {
    this.redis = connectRedis(config.redisUrl);
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  async ask(): Promise<PartStatus[]> {
    const [services, nodes] = await Promise.all([
      Promise.all([
        part('postgres', async () => void (await this.dataSource.query('select 1'))),
        part('redis', async () => void (await this.redis.ping())),
        part('registry', () => this.askRegistry()),
      ]),
      this.askNodes(),
    ]);
    return [...services, ...nodes];
  }

  /** It wants a token, and saying so is enough of an answer. */
  private async askRegistry(): Promise<void> {
    const ca = await readFile(this.config.path('ca', 'ca.crt')).catch((cause: unknown) => {
      // Whoever may read is told what is wrong, and not where files lie.
      throw new Error("the certificate of the platform's own CA cannot be read", { cause });
    });
    await new Promise<void>((resolve, reject) => {
      const request = get({ host: '127.0.0.1', servername: 'localhost', port: this.config.registryPort, path: '/v2/', ca, timeout: answerWithinMs }, (answer) => {
        answer.resume();
        if (answer.statusCode === 200 || answer.statusCode === 401) resolve();
        else reject(new Error(`answers with status ${answer.statusCode ?? 0}`));
      });
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
    });
  }

  private async askNodes(): Promise<PartStatus[]> {
    try {
      const nodes = await within(this.nodes.list());
      return nodes.map(({ name, online, lastSeenAt }) => ({ name: `node ${name}`, up: online, detail: online ? null : absence(lastSeenAt) }));
    } catch (error) {
      return [{ name: 'nodes', up: false, detail: reasonOf(error) }];
    }
  }
}

function absence(lastSeenAt: string | null): string {
  return lastSeenAt === null ? 'its agent has not said anything yet' : `its agent was last heard at ${lastSeenAt}`;
}

async function part(name: string, ask: () => Promise<void>): Promise<PartStatus> {
  try {
    await within(ask());
    return { name, up: true, detail: null };
  } catch (error) {
    return { name, up: false, detail: reasonOf(error) };
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), answerWithinMs);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
