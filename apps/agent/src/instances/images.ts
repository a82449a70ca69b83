import type { DesiredInstance } from '@molo/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type AgentConfig } from '../config.js';
import { Engine } from '../engine/engine.js';

type Image = DesiredInstance['image'];

/** The images of instances: those that the engine has are used as they are, others are fetched once, by digest. */
@Injectable()
export class Images {
  private readonly known = new Map<string, string>();
  private readonly fetching = new Map<string, Promise<string>>();

  constructor(
    @Inject(Engine) private readonly engine: Engine,
    @Inject(CONFIG) private readonly config: Pick<AgentConfig, 'nodeToken'>,
  ) {}

  /** The engine's id of the image, if it was seen to have it. */
  idOf(image: Image): string | null {
    return this.known.get(image.reference) ?? null;
  }

  async look(image: Image): Promise<void> {
    if (this.known.has(image.reference)) return;
    const id = (image.imageId && (await this.engine.hasImage(image.imageId))) ?? (await this.engine.hasImage(image.reference));
    if (id) this.known.set(image.reference, id);
  }

  async fetch(image: Image): Promise<void> {
    const running = this.fetching.get(image.reference);
    if (running) return void (await running);
    const credentials = { username: 'node', password: this.config.nodeToken };
    const fetch = this.engine.pull(image.reference, credentials).finally(() => this.fetching.delete(image.reference));
    this.fetching.set(image.reference, fetch);
    this.known.set(image.reference, await fetch);
  }

  forget(image: Image): void {
    this.known.delete(image.reference);
  }

  /** Forgets the images that none of these instances is made from. */
  keepOnly(instances: readonly Pick<DesiredInstance, 'image'>[]): void {
    const wanted = new Set(instances.map(({ image }) => image.reference));
    for (const reference of this.known.keys()) if (!wanted.has(reference)) this.known.delete(reference);
  }
}
