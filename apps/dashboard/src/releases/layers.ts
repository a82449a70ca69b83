import type { ImageLayer, LayerKind, Release } from '@molo/contracts';

/** An image's layers of one kind, taken together. */
export interface Stratum {
  readonly kind: LayerKind;
  readonly bytes: number;
  readonly layers: number;
  /** Bytes that this build sent to the registry. */
  readonly movedBytes: number;
  readonly moved: boolean;
}

/** From the sea bed up. */
export const layerKinds = ['os-base', 'os-custom', 'binary', 'library', 'source'] as const satisfies readonly LayerKind[];

export const layerNames: Record<LayerKind, string> = {
  'os-base': 'OS Base',
  'os-custom': 'OS Custom',
  binary: 'Binary',
  library: 'Library',
  source: 'Source',
};

/**
 * The layers of a release's image, with what this release itself moved. An image remembers what its build moved; a
 * rollback, a change of config, or a push of a tree that was built before runs the image again and moves nothing.
 */
export function layersOf({ image, reason, deployment }: Pick<Release, 'image' | 'reason' | 'deployment'>): readonly ImageLayer[] {
  const movedNone = reason !== 'push' || deployment?.receipt?.layersMoved === 0;
  return movedNone ? image.layers.map((layer) => ({ ...layer, moved: false })) : image.layers;
}

/** The five strata in their order; a kind that the image has no layer of is left out. */
export function strataOf(layers: readonly ImageLayer[]): Stratum[] {
  return layerKinds.flatMap((kind) => {
    const ofKind = layers.filter((layer) => layer.kind === kind);
    if (ofKind.length === 0) return [];
    const moved = ofKind.filter((layer) => layer.moved);
    return [{ kind, bytes: sumBytes(ofKind), layers: ofKind.length, movedBytes: sumBytes(moved), moved: moved.length > 0 }];
  });
}

function sumBytes(layers: readonly ImageLayer[]): number {
  return layers.reduce((sum, layer) => sum + layer.bytes, 0);
}

/**
 * How wide a stratum's bar is, from 0 to 1, on a logarithmic scale: a source of some kilobytes lies on a base of a
 * hundred megabytes, and both are to be seen.
 */
export function barShare(bytes: number, largestBytes: number): number {
  const floor = Math.log2(256);
  const span = Math.log2(Math.max(largestBytes, 1024)) - floor;
  return Math.min(1, Math.max(0.06, (Math.log2(Math.max(bytes, 1)) - floor) / span));
}
