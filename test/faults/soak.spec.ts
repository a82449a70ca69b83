import { waitFor } from '@molo/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FaultBed } from './fault-bed.js';
import { footprint, type Footprint, imagesOf, residentBytes } from './footprint.js';
import { expectInvariants, expectNothingLost } from './invariants.js';
import { kill9 } from './services.js';

const deployments = 200;
/** The first ones fill caches and pools, which is no leak. */
const warmUp = 60;
/** Of the deployments, one in so many is a push; the others change config, which takes the same way without a build. */
const onePushIn = 10;
/**
 * Memory of a program with a garbage collector goes up and down, the control plane's between 205 and 305 MB. So it is looked
 * at again and again: a leak lifts the least of the last looks above the most of the first.
 */
const lookAtMemoryEvery = 20;
const looksCompared = 3;
const mostMemoryGrowth = 1.25;
/** A pool may open another connection, and PostgreSQL a process for it. */
const mostMoreFiles = 10;
const mostMoreProcesses = 10;

/** What the history keeps of a deployment: rows at the most. Of what is not named here nothing grows. */
const rowsOfDeployment: Readonly<Record<string, number>> = {
  deployments: 1, deployment_events: 30, releases: 1, builds: 1, images: 1, instances: 1, traffic_counts: 1, audit_events: 2,
};
/** A push keeps its git objects, the source as it was pushed and the layer of a source of a few files; each in blocks of the disk, beside folders for its name. */
const mostRegistryBytesOfPush = 500_000;
const mostHomeBytesOfDeployment = 300_000;
/** A collection begins three minutes after the start of an agent, the control plane's two minutes after its own. */
const collectedWithinMs = 360_000;
const keptReleases = 10;

let bed: FaultBed;

beforeAll(async () => {
  bed = await FaultBed.start('soak');
});

afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

it(`${deployments} deployments in a row of two apps under constant load lose nothing and leave nothing behind`, { timeout: 3_600_000 }, async () => {
  let before: Footprint | undefined;
  const memory: Record<string, number>[] = [];
  for (let number = 1; number <= deployments; number += 1) {
    await deployOnce(number);
    if (number === warmUp) before = await footprint();
    if (number % lookAtMemoryEvery === 0) memory.push(await residentBytes());
  }
  if (!before) throw new Error('nothing was looked at before');
  const after = await footprint();
  expectNothingLost(bed);
  const [newest] = await bed.deployments(1);
  if (newest) await expectInvariants(bed, newest);
  expectNoLeak(before, after);
  expectMemoryAsBefore(memory);
  expectHistoryAlone(before, after);
  await expectImagesOfHistory();
  expectNothingLost(bed);
});

/** Of one app and of the other in turn. */
async function deployOnce(number: number): Promise<void> {
  if (number % onePushIn === 0) {
    await bed.change();
    const { code, stderr } = await bed.subject.push();
    expect(code, stderr).toBe(0);
    return;
  }
  const { app } = number % 2 === 0 ? bed.subject : bed.bystander;
  const { deployment } = await bed.molo.updateConfig({ params: { app, environment: 'production' }, body: { set: { SOAK: String(number) } } });
  if (!deployment) throw new Error('the change was not deployed');
  expect((await bed.untilOver(deployment.id, 60_000)).state).toMatch(/live|superseded/);
}

function expectNoLeak(before: Footprint, after: Footprint): void {
  for (const [service, files] of Object.entries(after.files)) expect(files, `open files of ${service}`).toBeLessThanOrEqual((before.files[service] ?? 0) + mostMoreFiles);
  expect(after.processes, 'processes').toBeLessThanOrEqual(before.processes + mostMoreProcesses);
  expect(after.redisKeys, 'keys in Redis').toBeLessThanOrEqual(before.redisKeys + 10);
  expect(after).toMatchObject({ iptablesRules: before.iptablesRules, containers: before.containers, networks: before.networks });
}

function expectMemoryAsBefore(looks: readonly Readonly<Record<string, number>>[]): void {
  for (const service of Object.keys(looks[0] ?? {})) {
    const bytes = looks.map((look) => look[service] ?? 0);
    const [first, last] = [Math.max(...bytes.slice(0, looksCompared)), Math.min(...bytes.slice(-looksCompared))];
    expect(last, `memory of ${service}: ${bytes.join(', ')}`).toBeLessThan(first * mostMemoryGrowth);
  }
}

function expectHistoryAlone(before: Footprint, after: Footprint): void {
  const since = deployments - warmUp;
  for (const [table, rows] of Object.entries(after.rows)) {
    expect(rows - (before.rows[table] ?? 0), `more rows in ${table}`).toBeLessThanOrEqual((rowsOfDeployment[table] ?? 0) * since);
  }
  expect(after.registryBytes - before.registryBytes, 'more bytes in the registry').toBeLessThan((mostRegistryBytesOfPush * since) / onePushIn);
  expect(after.homeBytes - before.homeBytes, 'more bytes under MOLO_HOME').toBeLessThan(mostHomeBytesOfDeployment * since);
}

/** What a rollback may still need, and no more: the programs start again, which has them collect soon. */
async function expectImagesOfHistory(): Promise<void> {
  await kill9('control-plane');
  await kill9('agent');
  const { app } = bed.subject;
  const { items } = await bed.molo.listReleases({ params: { app, environment: 'production' }, query: { limit: keptReleases } });
  const needed = new Set(items.map(({ image }) => image.digest));
  await waitFor(async () => (await imagesOf(app)).length === needed.size, { timeoutMs: collectedWithinMs, what: `the images of ${app} to be the ${needed.size} that its newest releases need` });
}
