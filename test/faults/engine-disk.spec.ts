import { statfs } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { type OwnPlatform, startOwnPlatform } from '../../infra/services/own-platform.js';
import { choosePlatform, command, visit } from '../e2e/platform.js';
import { FaultBed, type Moment } from './fault-bed.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { SecondEngine } from './second-engine.js';
import { fill, SmallDisk } from './small-disk.js';

const diskBytes = 8e9;
const networks = '10.213.0.0/16';
/** More than the collection leaves of the cache of builds on a full disk. */
const cachedBytes = 3e9;
/** The agent looks at its disks every minute. */
const longestCollectionMs = 150_000;
const moments = ['state:queued', 'build:building', 'build:pushing', 'state:starting', 'state:switching'] as const satisfies readonly Moment[];

/** On a disk and an engine of its own: to fill the machine's would be a fault to everything that runs there. */
describe('a full disk under the data of the engine', () => {
  let disk: SmallDisk;
  let engine: SecondEngine;
  let platform: OwnPlatform;
  let bed: FaultBed;
  let makeRoom = async () => {};

  beforeAll(async () => {
    disk = await SmallDisk.make(diskBytes);
    engine = await SecondEngine.start(disk.folder, 'molo-faults0', networks);
    platform = await startOwnPlatform('enginedisk', { MOLO_NETWORK_POOL: networks, MOLO_DOCKER_SOCKET: engine.socket });
    choosePlatform(platform.settings);
    bed = await FaultBed.start('enginedisk');
  });

  afterEach(() => makeRoom());

  afterAll(async () => {
    await bed?.[Symbol.asyncDispose]();
    await platform?.end();
    await engine?.[Symbol.asyncDispose]();
    await disk?.remove();
  });

  it.each(moments)('from %s on: the deployment is live or says why not, apps serve on, and the next one goes well when there is room', async (moment) => {
    const deployment = await bed.deployWith(moment, async () => {
      makeRoom = await fill(disk.folder, 0);
      expect((await visit(bed.bystander.app, '/version')).status).toBe(200);
    });
    if (deployment.state !== 'live') expect(deployment.failure?.detail).toMatch(/disk|space/);
    await makeRoom();
    await expectInvariants(bed, deployment);
    await bed.change();
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expectNothingLost(bed);
  });

  it('is noticed before it is quite full: a build ends with the reason, and what it wrote is given back', async () => {
    makeRoom = await fill(disk.folder, 0.06 * diskBytes);
    const before = await freeBytes();
    await bed.subject.write('Dockerfile', writing([0.05 * diskBytes], 'sleep 60'));
    await bed.subject.commit('Write a lot');
    const { code, stderr } = await bed.subject.push();
    expect(code).not.toBe(0);
    expect(stderr).toContain('The disk of the node is nearly full');
    await waitFor(async () => (await freeBytes()) > before - 50e6, { timeoutMs: 30_000, what: 'the disk to have its room again' });
    expectNothingLost(bed);
  });

  it('is made room on by itself: of what builds left behind, what nobody needs goes', async () => {
    await bed.subject.write('Dockerfile', writing([cachedBytes / 2, cachedBytes / 2, 0], 'false'));
    await bed.subject.commit('Leave much in the cache');
    expect((await bed.subject.push()).code).not.toBe(0);
    const before = await freeBytes();
    makeRoom = await fill(disk.folder, 0.1 * diskBytes);
    await waitFor(async () => (await freeBytes()) > 0.15 * diskBytes, { timeoutMs: longestCollectionMs, what: `the disk to have room again, of which ${before} bytes were free before` });
    await bed.subject.git('rm', '--quiet', 'Dockerfile');
    await bed.subject.commit('Be small again');
    expect(await bed.subject.push()).toMatchObject({ code: 0 });
    expectNothingLost(bed);
  });

  async function freeBytes(): Promise<number> {
    await command('sync', ['--file-system', disk.folder]);
    const { bavail, bsize } = await statfs(disk.folder);
    return bavail * bsize;
  }
});

/** A step for each of the sizes; the last one also does `then`. */
function writing(sizes: readonly number[], then: string): string {
  const steps = sizes.map((bytes, index) => `head -c ${Math.round(bytes)} /dev/zero > /written-${index}`);
  return ['FROM molo/stack:debian-12', ...steps.slice(0, -1).map((step) => `RUN ${step}`), `RUN ${steps.at(-1)} && ${then}`, 'CMD ["true"]', ''].join('\n');
}
