import { describe, expect, it } from 'vitest';
import type { ImageLayer, LayerKind, Release } from '@molo/contracts';
import { barShare, layersOf, strataOf } from './layers';

function layer(kind: LayerKind, bytes: number, moved: boolean): ImageLayer {
  const digest = `sha256:${'0'.repeat(64)}`;
  return { kind, bytes, moved, digest, diffId: digest, createdBy: 'COPY . /app' };
}

describe('the strata of an image', () => {
  it('takes the layers of one kind together and keeps the order from base to source', () => {
    const strata = strataOf([layer('source', 10, true), layer('os-base', 1000, false), layer('source', 5, false)]);
    expect(strata.map(({ kind, bytes, layers, movedBytes, moved }) => [kind, bytes, layers, movedBytes, moved])).toEqual([
      ['os-base', 1000, 1, 0, false],
      ['source', 15, 2, 10, true],
    ]);
  });

  it('shows the smallest beside the largest', () => {
    expect(barShare(80_000_000, 80_000_000)).toBe(1);
    expect(barShare(4_000, 80_000_000)).toBeGreaterThan(0.06);
    expect(barShare(0, 80_000_000)).toBe(0.06);
    expect(barShare(100, 0)).toBeGreaterThan(0);
  });
});

const deployed = (layersMoved: number) => ({ receipt: { layersMoved } }) as Release['deployment'];
const moved = (release: Parameters<typeof layersOf>[0]) => layersOf(release).map(({ moved: itself }) => itself);

describe('the layers of a release', () => {
  const image = { layers: [layer('os-base', 1000, false), layer('source', 10, true)] } as unknown as Release['image'];

  it('are those that its push moved', () => {
    expect(moved({ image, reason: 'push', deployment: deployed(1) })).toEqual([false, true]);
    expect(moved({ image, reason: 'push', deployment: null })).toEqual([false, true]);
  });

  it('did not move when the image was there already', () => {
    expect(moved({ image, reason: 'rollback', deployment: null })).toEqual([false, false]);
    expect(moved({ image, reason: 'push', deployment: deployed(0) })).toEqual([false, false]);
  });
});
