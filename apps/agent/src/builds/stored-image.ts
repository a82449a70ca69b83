import type { BuildOrder, BuiltImage, MadeImage } from '@molo/contracts';
import type Docker from 'dockerode';
import { imageFacts } from '../engine/image-facts.js';
import type { AppPlan } from '../source/app-plan.js';
import type { BuildLog } from './build-log.js';
import { formatBytes, tellLayers } from './build-story.js';
import { describeLayers, pushImage, type ImagePush } from './image-push.js';
import type { ImageConfig, RegistryClient, StoredManifest } from './registry-client.js';
import { whileUnavailable } from './while-unavailable.js';

export interface ImageStores {
  readonly docker: Docker;
  readonly registry: RegistryClient;
  readonly log: BuildLog;
}

/** Stores an image in the registry under its own name and all tags of its order, and says what it consists of. */
export async function storeImage({ docker, registry, log }: ImageStores, order: BuildOrder, plan: AppPlan, made: MadeImage, login: ImagePush['login'], signal: AbortSignal): Promise<BuiltImage> {
  log.heading('Storing the image');
  const moved = new Set<string>();
  const digest = await whileUnavailable(() => pushImage(docker, { reference: imageReference(order), login, moved }, signal), signal);
  const { manifest, config } = await whileUnavailable(() => tagImage(registry, order, digest, signal), signal);
  const baseLayers = await countBaseLayers(docker, plan, config.rootfs.diff_ids, signal);
  const layers = describeLayers({ manifest, config, moved, baseLayers, expected: plan.manifest.builder === 'dockerfile' ? undefined : plan.image.layerKinds });
  // Under a heading of its own: what was started meanwhile has told of itself by now.
  log.heading('The image is stored');
  tellLayers(log, layers);
  const bytes = layers.reduce((sum, layer) => sum + layer.bytes, manifest.config.size);
  log.detail(`${order.app}@${digest} (${formatBytes(bytes)})`);
  return { ...made, digest, bytes, layers };
}

/** The build's own name: by it the image is known as Molo's, and as that of a build that may have failed. */
export function imageReference({ imageRepository, id }: BuildOrder): string {
  return `${imageRepository}:build-${id}`;
}

async function tagImage(registry: RegistryClient, { imageRepository, tags }: BuildOrder, digest: string, signal: AbortSignal): Promise<{ manifest: StoredManifest; config: ImageConfig }> {
  const repository = imageRepository.slice(imageRepository.indexOf('/') + 1);
  const manifest = await registry.manifest(repository, digest, signal);
  const [config] = await Promise.all([registry.imageConfig(repository, manifest.config.digest, signal), ...tags.map((tag) => registry.tag(repository, tag, manifest, signal))]);
  return { manifest, config };
}

/** How many layers an image has from its base: those of the base where the engine has it, else all below the planned ones. */
async function countBaseLayers(docker: Docker, plan: AppPlan, diffIds: readonly string[], signal: AbortSignal): Promise<number> {
  const reference = plan.image.base;
  if (reference === 'scratch') return 0;
  const base = await whileUnavailable(() => imageFacts(docker, reference), signal).catch(() => null);
  const own = base?.RootFS.Layers ?? [];
  const isBelow = own.length > 0 && own.every((layer, index) => diffIds[index] === layer);
  return isBelow ? own.length : Math.max(0, diffIds.length - plan.image.layerKinds.length);
}
