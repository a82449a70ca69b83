import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DockerEngine } from '../engine/docker-engine.js';
import { buildTestImage, importTestImage } from '../reconcile/test-agent.js';
import { Collection } from './collection.js';

const log = pino({ level: 'silent' });
const dockerSocket = '/var/run/docker.sock';
const docker = new Docker({ socketPath: dockerSocket });
const engine = new DockerEngine({ dockerSocket }, log);
/** A registry that nobody else's images on this engine are named after. */
const registryHost = `collection-${randomUUID().slice(0, 8)}.test:5443`;
const base = `molo-test/${registryHost.split('.')[0]}:base`;

beforeAll(async () => {
  await importTestImage(docker, base);
});

afterAll(async () => {
  for (const { Id: id } of await docker.listContainers({ all: true, filters: { label: [`molo.test=${registryHost}`] } })) await docker.getContainer(id).remove({ force: true });
  for (const { RepoTags: tags } of await docker.listImages({ filters: { label: [`molo.test=${registryHost}`] } })) for (const tag of tags ?? []) await docker.getImage(tag).remove({ force: true });
  await docker.getImage(base).remove();
});

/** An image on the base that all share. @returns its id */
async function make(tag: string): Promise<string> {
  const dockerfile = `FROM ${base}\nLABEL molo.managed=true molo.app=myapp molo.test=${registryHost} molo.build=${tag}\nENV OF=${tag}\n`;
  return buildTestImage(docker, `${registryHost}/myapp:${tag}`, dockerfile);
}

async function isThere(id: string): Promise<boolean> {
  return (await engine.hasImage(id)) !== null;
}

it('removes images that nobody needs and no container uses, and leaves those that stand on the same layers', async () => {
  const [gone, kept, used, named] = [await make('gone'), await make('kept'), await make('used'), await make('named')];
  await docker.createContainer({ Image: used, Cmd: ['true'], Labels: { 'molo.test': registryHost } });
  await docker.getImage(named).tag({ repo: `molo-test/${registryHost.split('.')[0]}`, tag: 'mine' });
  const bounds: number[] = [];
  // The cache belongs to all tests on this engine.
  engine.pruneBuildCache = async (keepBytes) => bounds.push(keepBytes);
  const unneeded = new Set([gone, used, named]);
  const collection = new Collection({ home: '/', registryHost }, engine, { unneededImages: async (images) => images.map(({ id }) => id).filter((id) => unneeded.has(id)) }, log);

  await collection.collect({ bytes: 100e9, usedShare: 0.5 });
  expect(await Promise.all([gone, kept, used, named].map(isThere))).toEqual([false, true, true, true]);
  expect(await engine.hasImage(`${registryHost}/myapp:used`)).toBe(used);
  expect(await engine.hasImage(`${registryHost}/myapp:named`)).toBeNull();
  expect(bounds).toEqual([10e9]);

  await docker.createContainer({ Image: kept, Cmd: ['true'], Labels: { 'molo.test': registryHost } });
  // What is gone, and what something stands on, is no failure.
  await engine.removeImage(gone);
  await engine.removeImage(`${registryHost}/myapp:used`);
  expect(await isThere(used)).toBe(true);
});

it("prunes the build cache by the engine's own means", async () => {
  // So much may stay that nothing goes that other tests count on.
  expect(await new DockerEngine({ dockerSocket }, log).pruneBuildCache(1e15)).toBe(0);
});
