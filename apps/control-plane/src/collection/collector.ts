import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Log } from '../log.js';
import { HistorySweep } from './history-sweep.js';
import { ImageCollection } from './image-collection.js';
import { ManifestRemoval } from './manifest-removal.js';
import { RegistryCollection } from './registry-collection.js';

const firstAfterMs = 2 * 60_000;
const everyMs = 10 * 60_000;

/** Takes away what nobody needs, every few minutes. Each step may be broken off anywhere and is then done the next time. */
@Injectable()
export class Collector implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly images: ImageCollection,
    private readonly manifests: ManifestRemoval,
    private readonly registry: RegistryCollection,
    private readonly history: HistorySweep,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.#next(firstAfterMs);
  }

  onApplicationShutdown(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async collect(): Promise<void> {
    await this.#attempt('images were not collected', async () => void (await this.images.mark()));
    await this.#attempt('manifests of collected images could not be removed', () => this.manifests.run());
    await this.#attempt('the registry was not collected', async () => void (await this.registry.collect()));
    await this.#attempt('old history was not removed', () => this.history.sweep());
  }

  #next(afterMs: number): void {
    const timer = setTimeout(() => {
      void this.collect().then(() => {
        if (this.#timer === timer) this.#next(everyMs);
      });
    }, afterMs);
    this.#timer = timer;
  }

  /** What fails holds up nothing that comes after it. */
  async #attempt(complaint: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.log.warn({ err: error }, `${complaint}; tried again in a few minutes`);
    }
  }
}
