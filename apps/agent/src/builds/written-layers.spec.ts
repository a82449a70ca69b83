import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WrittenLayers } from './written-layers.js';

const mega = 1024 ** 2;

let engineFolder: string;

beforeEach(async () => {
  engineFolder = await mkdtemp(join(tmpdir(), 'molo-layers-'));
  await write(layer('a'), 1);
});
afterEach(() => rm(engineFolder, { recursive: true, force: true }));

async function write(layer: string, megabytes: number): Promise<string> {
  const diff = join(engineFolder, 'overlay2', layer, 'diff');
  await mkdir(diff, { recursive: true });
  await writeFile(join(diff, `${megabytes}`), Buffer.alloc(megabytes * mega, 1));
  return join(diff, `${megabytes}`);
}

const layer = (letter: string) => letter.repeat(25);

async function megabytesOf(written: WrittenLayers): Promise<number> {
  return Math.round((await written.bytes()) / mega);
}

describe('what builds write', () => {
  it('is what all their layers take of the disk', async () => {
    const written = await WrittenLayers.sinceNow(engineFolder);
    expect(await megabytesOf(written)).toBe(0);
    await write(layer('b'), 6);
    expect(await megabytesOf(written)).toBe(6);
    await write(layer('c'), 5);
    expect(await megabytesOf(written)).toBe(11);
    await truncate(await write(layer('d'), 1), 500 * mega);
    expect(await megabytesOf(written)).toBe(12);
  });

  it('is not what others write: apps, pulled layers, and builds before', async () => {
    const written = await WrittenLayers.sinceNow(engineFolder);
    await write(layer('a'), 12);
    await write('f'.repeat(64), 12);
    expect(await megabytesOf(written)).toBe(0);
  });

  it('is counted also where a layer goes away meanwhile', async () => {
    const written = await WrittenLayers.sinceNow(engineFolder);
    await write(layer('b'), 6);
    await mkdir(join(engineFolder, 'overlay2', layer('c')));
    expect(await megabytesOf(written)).toBe(6);
  });

  it('cannot be told of an engine that keeps its layers otherwise', async () => {
    await rm(join(engineFolder, 'overlay2'), { recursive: true });
    await expect(WrittenLayers.sinceNow(engineFolder)).rejects.toThrow('overlay2');
  });
});
