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
    return this.known.get(nameOf(image)) ?? null;
  }

  async look(image: Image): Promise<void> {
    if (this.known.has(nameOf(image))) return;
    const id = (image.imageId && (await this.engine.hasImage(image.imageId))) ?? (await this.engine.hasImage(image.reference));
    if (id) this.known.set(nameOf(image), id);
  }

  async fetch(image: Image): Promise<void> {
    const running = this.fetching.get(image.reference);
    if (running) return void (await running);
    const credentials = { username: 'node', password: this.config.nodeToken };
    const fetch = this.engine.pull(image.reference, credentials).finally(() => this.fetching.delete(image.reference));
    this.fetching.set(image.reference, fetch);
    this.known.set(nameOf(image), await fetch);
  }

  forget(image: Image): void {
    this.known.delete(nameOf(image));
  }

  /** Forgets the images that none of these instances is made from. */
  keepOnly(instances: readonly Pick<DesiredInstance, 'image'>[]): void {
    const wanted = new Set(instances.map(({ image }) => nameOf(image)));
    for (const name of this.known.keys()) if (!wanted.has(name)) this.known.delete(name);
  }
}

/** Its reference becomes another one once it is stored, where instances start before. */
function nameOf({ imageId, reference }: Image): string {
  return imageId ?? reference;
}
