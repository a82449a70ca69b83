import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from '../clock.js';
import { CONFIG, type AgentConfig } from '../config.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { CoalescedWork } from '../coalesced-work.js';
import { Engine } from '../engine/engine.js';
import { LOG, type Log } from '../logger.js';
import { CollectionTimes } from './collection-times.js';
import { diskUse, type DiskUse } from './disk-use.js';
import { appImages, supersededStacks, type AppImage } from './own-images.js';

const lookEveryMs = 60_000;
const fullShare = 0.85;

/** What BuildKit's cache may keep: a tenth of the disk; on a full one no more than a few builds need. */
const cacheShare = 0.1;
const leastCacheBytes = 2e9;

/**
 * Keeps the engine's disk bounded: removes images that the control plane says nobody needs and no container uses, and
 * build cache beyond its share. What is not under a name of this platform's registry is never touched.
 */
@Injectable()
export class Collection implements OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private readonly times = new CollectionTimes(now());
  private readonly looking = new CoalescedWork(() => this.look());

  constructor(
    @Inject(CONFIG) private readonly config: Pick<AgentConfig, 'home' | 'registryHost'>,
    @Inject(Engine) private readonly engine: Engine,
    @Inject(ControlPlaneClient) private readonly controlPlane: Pick<ControlPlaneClient, 'unneededImages'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.looking.ask(), lookEveryMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking.end();
  }

  /** Each part by itself: a control plane that is away holds up no pruning. */
  async collect(disk: DiskUse | null): Promise<void> {
    await this.attempt('images that nobody needs could not be removed', () => this.removeImages());
    await this.attempt('the build cache could not be pruned', () => this.pruneCache(disk));
  }

  private async look(): Promise<void> {
    const disk = await this.fullestDisk();
    if (this.times.isDue(isFull(disk), now())) await this.collect(disk);
  }

  /** Of the disk under the engine's images and the one under Molo's own data. */
  private async fullestDisk(): Promise<DiskUse | null> {
    const engineFolder = await this.engine.dataFolder().catch(() => this.config.home);
    const disks = await Promise.all([engineFolder, this.config.home].map(diskUse));
    return disks.filter((disk) => disk !== null).toSorted((a, b) => b.usedShare - a.usedShare)[0] ?? null;
  }

  private async removeImages(): Promise<void> {
    const [images, inUse] = await Promise.all([this.engine.listImages({ 'molo.managed': 'true' }), this.engine.imagesInUse()]);
    const own = appImages(images, this.config.registryHost).filter(({ id }) => !inUse.has(id));
    const unneeded = await this.unneeded(own);
    for (const { references } of unneeded) for (const reference of references) await this.engine.removeImage(reference);
    const stacks = supersededStacks(images).filter(({ id }) => !inUse.has(id));
    for (const { id } of stacks) await this.engine.removeImage(id);
    if (unneeded.length + stacks.length > 0) this.log.info({ images: unneeded.flatMap(({ references }) => references), stacks: stacks.length }, 'images that nobody needs were removed');
  }

  private async unneeded(own: readonly AppImage[]): Promise<AppImage[]> {
    if (own.length === 0) return [];
    const ids = new Set(await this.controlPlane.unneededImages(own.map(({ id, buildId }) => ({ id, buildId }))));
    return own.filter(({ id }) => ids.has(id));
  }

  private async pruneCache(disk: DiskUse | null): Promise<void> {
    const share = disk === null || isFull(disk) ? 0 : disk.bytes * cacheShare;
    const freedBytes = await this.engine.pruneBuildCache(Math.max(leastCacheBytes, Math.floor(share)));
    if (freedBytes > 0) this.log.info({ freedBytes }, 'build cache was pruned');
  }

  private async attempt(complaint: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.log.warn({ err: error }, `${complaint}; tried again later`);
    }
  }
}

function isFull(disk: DiskUse | null): boolean {
  return disk !== null && disk.usedShare > fullShare;
}
