import { randomUUID } from 'node:crypto';
import { AppError, type NodeImage } from '@molo/contracts';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ContainerSpec, EngineImage } from '../engine/engine.js';
import { FakeEngine } from '../engine/fake-engine.js';
import { Collection } from './collection.js';

const registryHost = 'localhost:5443';
const build = randomUUID();
let engine: FakeEngine;
let asked: NodeImage[];
let unneeded: Set<string>;
let controlPlaneIsUp: boolean;

beforeEach(() => {
  engine = new FakeEngine();
  asked = [];
  unneeded = new Set();
  controlPlaneIsUp = true;
});

function image(name: string, references: string[], labels: Record<string, string> = { 'molo.app': 'myapp', 'molo.stack': 'debian-12' }): EngineImage {
  return { id: `sha256:${name}`, references, labels: { 'molo.managed': 'true', ...labels } };
}

async function collect(disk: { bytes: number; usedShare: number } | null = { bytes: 100e9, usedShare: 0.5 }): Promise<string[]> {
  const controlPlane = {
    unneededImages: async (images: readonly NodeImage[]) => {
      if (!controlPlaneIsUp) throw new AppError('unavailable', { detail: 'The control plane does not answer.' });
      asked.push(...images);
      return images.map(({ id }) => id).filter((id) => unneeded.has(id));
    },
  };
  await new Collection({ home: '/', registryHost }, engine, controlPlane, pino({ level: 'silent' })).collect(disk);
  return engine.stored.map(({ id }) => id.replace('sha256:', ''));
}

describe('the collection of images', () => {
  it('removes what the control plane says nobody needs, and nothing else', async () => {
    engine.stored = [image('kept', [`${registryHost}/myapp:build-${build}`]), image('gone', [`${registryHost}/myapp:build-${randomUUID()}`, `${registryHost}/myapp@sha256:1`])];
    unneeded.add('sha256:gone');
    expect(await collect()).toEqual(['kept']);
    expect(asked[0]).toEqual({ id: 'sha256:kept', buildId: build });
  });

  it('asks of no image that is not under a name of this registry, whatever its labels say', async () => {
    engine.stored = [image('elsewhere', ['localhost:6443/myapp:build-x']), image('somebodys', ['mine:latest']), image('nameless', []), image('unlabelled', [`${registryHost}/myapp:v1`], { 'molo.managed': 'no' })];
    for (const { id } of engine.stored) unneeded.add(id);
    expect(await collect()).toEqual(['elsewhere', 'somebodys', 'nameless', 'unlabelled']);
    expect(asked).toEqual([]);
  });

  it('leaves an image the names that others gave it', async () => {
    engine.stored = [image('shared', [`${registryHost}/myapp:build-${build}`, 'mine:latest'])];
    unneeded.add('sha256:shared');
    await collect();
    expect(engine.stored[0]?.references).toEqual(['mine:latest']);
  });

  it('takes a name that somebody else gave for no build of ours', async () => {
    engine.stored = [image('debug', [`${registryHost}/myapp:build-debug`])];
    await collect();
    expect(asked).toEqual([{ id: 'sha256:debug', buildId: null }]);
  });

  it('does not touch an image that a container is made from, also one that has ended', async () => {
    engine.stored = [image('running', [`${registryHost}/myapp:v1`])];
    unneeded.add('sha256:running');
    engine.exit(await engine.create({ name: 'one', imageId: 'sha256:running', labels: {} } as ContainerSpec), 0);
    expect(await collect()).toEqual(['running']);
  });

  it('removes stacks that were made anew, and keeps those in use', async () => {
    engine.stored = [image('old', [], { 'molo.stack': 'debian-12' }), image('new', ['molo/stack:debian-12'], { 'molo.stack': 'debian-12' })];
    expect(await collect()).toEqual(['new']);
  });
});

describe('the build cache', () => {
  it('keeps a tenth of the disk, and on a full one no more than a few builds need', async () => {
    await collect();
    await collect({ bytes: 100e9, usedShare: 0.9 });
    await collect({ bytes: 10e9, usedShare: 0.1 });
    await collect(null);
    expect(engine.cacheBounds).toEqual([10e9, 2e9, 2e9, 2e9]);
  });

  it('is pruned also while the control plane is away', async () => {
    controlPlaneIsUp = false;
    engine.stored = [image('kept', [`${registryHost}/myapp:v1`])];
    unneeded.add('sha256:kept');
    expect(await collect()).toEqual(['kept']);
    expect(engine.cacheBounds).toHaveLength(1);
  });
});
