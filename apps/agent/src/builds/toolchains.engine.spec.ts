import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toolchainImage, type Toolchain } from '../source/app-plan.js';
import { NpmRegistry } from './npm-registry.js';
import { Toolchains } from './toolchains.js';

const docker = new Docker({ socketPath: '/var/run/docker.sock' });
/** One that no fixture uses. */
const toolchain: Toolchain = { name: 'yarn', version: '1.22.19' };
const image = () => docker.getImage(toolchainImage(toolchain));

let cacheFolder: string;
let toolchains: Toolchains;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'molo-toolchains-'));
  const registry = new NpmRegistry({ url: 'https://registry.npmjs.org', cacheFolder, dispatcher: new Agent() });
  toolchains = new Toolchains(docker, registry, { workFolder: cacheFolder, arch: process.arch });
});
afterAll(async () => {
  await image().remove({ force: true });
  await rm(cacheFolder, { recursive: true, force: true });
});

it('makes a toolchain once, and makes the very same when it has to be made again', async () => {
  const said: string[] = [];
  await Promise.all([toolchains.ensure(toolchain, (line) => said.push(line)), toolchains.ensure(toolchain, (line) => said.push(line))]);
  const first = (await image().inspect()).RootFS.Layers;
  await toolchains.ensure(toolchain, (line) => said.push(line));
  expect(said).toEqual(['Fetching yarn 1.22.19']);
  await image().remove({ force: true });
  await toolchains.ensure(toolchain, () => undefined);
  expect((await image().inspect()).RootFS.Layers).toEqual(first);
});
