import type { NodeImage } from '@molo/contracts';
import type { EngineImage } from '../engine/engine.js';

/** An image of an app, with the references that are Molo's to take from it; those that others gave it stay, and the image with them. */
export interface AppImage extends NodeImage {
  readonly references: readonly string[];
}

/** Images that this platform's builds made or its instances were pulled as: those under names of its registry. */
export function appImages(images: readonly EngineImage[], registryHost: string): AppImage[] {
  return images.flatMap(({ id, references }) => {
    const ours = references.filter((reference) => reference.startsWith(`${registryHost}/`));
    return ours.length === 0 ? [] : [{ id, buildId: ours.map(buildOf).find((build) => build !== null) ?? null, references: ours }];
  });
}

/** Stacks that were made anew: the name went to the newer one. */
export function supersededStacks(images: readonly EngineImage[]): EngineImage[] {
  // Images of apps have the labels of their stack, too.
  return images.filter(({ labels, references }) => labels['molo.stack'] !== undefined && labels['molo.app'] === undefined && references.length === 0);
}

/** The build in the name that it gave the image: no name that somebody else gave to an image of their own. */
function buildOf(reference: string): string | null {
  return /:build-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(reference)?.[1] ?? null;
}
