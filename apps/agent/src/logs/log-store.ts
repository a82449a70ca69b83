import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type AgentConfig } from '../config.js';
import { EnvironmentLog, lastWritten } from './environment-log.js';

const keptWithoutEnvironmentMs = 7 * 24 * 3600 * 1000;

/** The logs of all environments that have or had instances here. */
@Injectable()
export class LogStore implements OnModuleDestroy {
  private readonly root: string;
  private readonly logs = new Map<string, EnvironmentLog>();

  constructor(@Inject(CONFIG) config: Pick<AgentConfig, 'home'>) {
    this.root = join(config.home, 'agent/logs');
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.logs.values()].map((log) => log.close()));
  }

  of(environmentId: string): EnvironmentLog {
    const known = this.logs.get(environmentId);
    if (known) return known;
    const log = new EnvironmentLog(join(this.root, environmentId));
    this.logs.set(environmentId, log);
    return log;
  }

  /** Removes logs of environments that are not wanted here and were last written to a week ago. */
  async removeOld(wanted: ReadonlySet<string>, now: Date): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    for (const name of names.filter((each) => !wanted.has(each))) {
      const written = await lastWritten(join(this.root, name));
      if (written === null || now.getTime() - written.getTime() < keptWithoutEnvironmentMs) continue;
      await this.logs.get(name)?.close();
      this.logs.delete(name);
      await rm(join(this.root, name), { recursive: true, force: true });
    }
  }
}
