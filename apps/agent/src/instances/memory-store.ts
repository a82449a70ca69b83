import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { writeWhole } from '../atomic-file.js';
import { CoalescedWork } from '../coalesced-work.js';
import { CONFIG, type AgentConfig } from '../config.js';
import { LOG, type Log } from '../logger.js';
import { blankMemory, InstanceMemory } from './instance-memory.js';

const Stored = z.record(z.string(), InstanceMemory);

/** What is remembered of all instances, in one file; it holds no secrets. Lost, it costs a check of each instance. */
@Injectable()
export class MemoryStore {
  private readonly file: string;
  private readonly memories = new Map<string, InstanceMemory>();
  private readonly writing = new CoalescedWork(() => this.write());

  constructor(
    @Inject(CONFIG) config: Pick<AgentConfig, 'home'>,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.file = join(config.home, 'agent/instances.json');
  }

  async load(): Promise<void> {
    try {
      const stored = Stored.parse(JSON.parse(await readFile(this.file, 'utf8')));
      for (const [id, memory] of Object.entries(stored)) this.memories.set(id, memory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.log.warn({ err: error }, 'what was remembered of the instances cannot be read');
    }
  }

  get(instanceId: string): InstanceMemory {
    return this.memories.get(instanceId) ?? blankMemory;
  }

  set(instanceId: string, memory: InstanceMemory): void {
    if (isDeepStrictEqual(this.memories.get(instanceId), memory)) return;
    this.memories.set(instanceId, memory);
    this.writing.ask();
  }

  forget(instanceId: string): void {
    if (this.memories.delete(instanceId)) this.writing.ask();
  }

  /** Forgets all other instances: those that ended for good while no agent ran. */
  keepOnly(instances: ReadonlyMap<string, unknown>): void {
    for (const id of this.memories.keys()) if (!instances.has(id)) this.forget(id);
  }

  /** Resolves once all that was set is in the file. */
  async saved(): Promise<void> {
    await this.writing.rest();
  }

  private async write(): Promise<void> {
    try {
      await writeWhole(this.file, JSON.stringify(Object.fromEntries(this.memories)));
    } catch (error) {
      this.log.error({ err: error }, 'what is remembered of the instances cannot be written');
    }
  }
}
