import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WrittenLayers } from './written-layers.js';

const mega = 1024 ** 2;
const disk = vi.hoisted(() => ({ free: 0 }));
vi.mock('node:fs/promises', async (original) => ({ ...(await original<object>()), statfs: async () => ({ bavail: disk.free, bsize: 1 }) }));

let engineFolder: string;

beforeEach(async () => {
  disk.free = 1000 * mega;
  engineFolder = await mkdtemp(join(tmpdir(), 'molo-layers-'));
});
afterEach(() => rm(engineFolder, { recursive: true, force: true }));

async function write(layer: string, megabytes: number): Promise<void> {
  const diff = join(engineFolder, 'overlay2', layer, 'diff');
  await mkdir(diff, { recursive: true });
  await writeFile(join(diff, `${megabytes}`), Buffer.alloc(megabytes * mega, 1));
  disk.free -= megabytes * mega;
}

const layer = (letter: string) => letter.repeat(25);

describe('what builds write', () => {
  it('is too much once their layers together are more than they may', async () => {
    await write(layer('a'), 1);
    const written = new WrittenLayers(engineFolder, 10 * mega);
    expect(await written.areTooMuch()).toBe(false);
    await write(layer('b'), 6);
    expect(await written.areTooMuch()).toBe(false);
    await write(layer('c'), 6);
    expect(await written.areTooMuch()).toBe(true);
  });

  it('is not what others write: apps, pulled layers, and builds before', async () => {
    await write(layer('a'), 1);
    const written = new WrittenLayers(engineFolder, 10 * mega);
    await written.areTooMuch();
    await write(layer('a'), 12);
    await write('f'.repeat(64), 12);
    disk.free -= 100 * mega;
    expect(await written.areTooMuch()).toBe(false);
  });

  it('is found also while others make room', async () => {
    await write(layer('a'), 1);
    const written = new WrittenLayers(engineFolder, 10 * mega);
    await written.areTooMuch();
    disk.free += 500 * mega;
    await written.areTooMuch();
    await write(layer('b'), 12);
    expect(await written.areTooMuch()).toBe(true);
  });

  it('cannot be told of an engine that keeps its layers otherwise', async () => {
    await expect(new WrittenLayers(engineFolder, 10 * mega).areTooMuch()).rejects.toThrow('overlay2');
  });
});
