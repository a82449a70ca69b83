import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, type BuildReport, type BuiltImage, type DeploymentEvent } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { ImagesService } from '../images/images.service.js';
import { DesiredService } from '../nodes/desired.service.js';
import { DeploymentStream } from './deployment-stream.js';
import { LifecycleBench } from './lifecycle-bench.js';

const tree = 'f'.repeat(40);
let bench: LifecycleBench;
let end: (how: (image: BuiltImage) => BuildReport) => void;

/** An image that is being stored until the spec says how that ends. */
beforeEach(async () => {
  bench = await LifecycleBench.start();
  holdStoring();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

function holdStoring(): void {
  const ended = new Promise<(image: BuiltImage) => BuildReport>((resolve) => (end = resolve));
  bench.agent.stores = async (image) => (await ended)(image);
}

const succeeds = (image: BuiltImage): BuildReport => ({ state: 'succeeded', image });
const fails = (): BuildReport => ({ state: 'failed', failure: { code: 'storage_full', detail: 'The disk of the registry is full.' } });

async function untilHealthy(deploymentId: string): Promise<void> {
  await waitFor(async () => (await own(deploymentId)).some(({ observed }) => observed === 'healthy'), { what: 'a healthy instance' });
  await bench.until(deploymentId, (state) => state === 'checking');
}

async function own(deploymentId: string): Promise<{ id: string; observed: string; serving: boolean; desired: string }[]> {
  return bench.dataSource.query('select id, observed, serving, desired from instances where deployment_id = $1', [deploymentId]);
}

async function eventsOf(deploymentId: string): Promise<DeploymentEvent[]> {
  const events: DeploymentEvent[] = [];
  for await (const event of bench.module.get(DeploymentStream).follow(deploymentId, 0)) events.push(event);
  return events;
}

async function reference(instanceId: string): Promise<string | undefined> {
  const { instances } = await bench.module.get(DesiredService).whole(bench.agent.nodeId);
  return instances.find(({ id }) => id === instanceId)?.image.reference;
}

describe('while an image is being stored', () => {
  it('its instances start where it was made, and take no requests until it is stored', async () => {
    const id = await bench.push(tree);
    await untilHealthy(id);
    const [instance] = await own(id);
    expect(instance).toMatchObject({ serving: false, desired: 'running' });
    expect((await bench.deployments.view(id)).build).toMatchObject({ state: 'pushing' });
    end(succeeds);
    expect(await bench.untilOver(id)).toBe('live');
    const events = await eventsOf(id);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const order = events.flatMap((event) => (event.kind === 'state' || event.kind === 'build' ? [`${event.kind} ${event.state}`] : []));
    expect(order).toEqual(['state queued', 'build building', 'build pushing', 'state placing', 'state starting', 'state checking', 'build succeeded', 'state switching', 'state draining', 'state live']);
    const [image] = await bench.module.get(ImagesService).list('myapp', bench.appId, 10, null);
    expect(await reference(instance!.id)).toBe(image?.reference);
  });

  it('nobody else takes it: it is neither listed, nor built from, nor rolled back to', async () => {
    const first = await bench.push(tree);
    await untilHealthy(first);
    expect(await bench.module.get(ImagesService).list('myapp', bench.appId, 10, null)).toEqual([]);
    const known = { appId: bench.appId, environmentName: 'production', commit: { id: 'c'.repeat(40), subject: 'The same', author: 'Ada' }, treeId: tree, versionTag: null, gitRef: '', gitOld: '', gitNew: '', caller: moloItself };
    expect(await bench.deployments.pushBuilt(known)).toBeNull();
    end(succeeds);
    expect(await bench.untilOver(first)).toBe('live');
    holdStoring();
    const second = await bench.push();
    await untilHealthy(second);
    await expect(bench.deployments.rollBack(bench.environmentId, 2, moloItself)).rejects.toMatchObject({ code: 'conflict', detail: expect.stringContaining('not in the registry') as unknown });
    end(succeeds);
    expect(await bench.untilOver(second)).toBe('live');
  });

  it('one that cannot be stored fails its deployment with the reason, what was started ends, and the running release serves on', async () => {
    end(succeeds);
    const good = await bench.push();
    expect(await bench.untilOver(good)).toBe('live');
    holdStoring();
    const bad = await bench.push(tree);
    await untilHealthy(bad);
    end(fails);
    expect(await bench.untilOver(bad)).toBe('failed');
    expect((await bench.deployments.view(bad)).failure).toMatchObject({ code: 'storage_full' });
    await waitFor(async () => (await own(bad)).every(({ observed }) => observed === 'gone'), { what: 'its instances to end' });
    expect((await own(good)).map(({ serving }) => serving)).toEqual([true]);
    await expect(bench.deployments.rollBack(bench.environmentId, 2, moloItself)).rejects.toBeInstanceOf(AppError);
    bench.agent.stores = null;
    expect(await bench.untilOver(await bench.push(tree))).toBe('live');
    expect(bench.agent.builtIds).toHaveLength(3);
  });

  it('one that cannot be stored is not waited for until its instances are healthy', async () => {
    bench.agent.fate = () => ({ observed: 'starting' });
    const id = await bench.push();
    await bench.until(id, (state) => state === 'checking');
    end(fails);
    expect(await bench.untilOver(id)).toBe('failed');
    expect((await bench.deployments.view(id)).failure).toMatchObject({ code: 'storage_full' });
  });

  it('an instance that fails is told at once, and the build is given up', async () => {
    bench.agent.fate = () => ({ observed: 'failed', failure: { code: 'instance_start_failed', detail: 'It ended at once.' } });
    const id = await bench.push();
    expect(await bench.untilOver(id)).toBe('failed');
    expect(await bench.deployments.view(id)).toMatchObject({ failure: { code: 'instance_start_failed' }, build: { state: 'cancelled' } });
    end(succeeds);
  });

  it('a builder that was interrupted and built another image meanwhile fails the deployment', async () => {
    const id = await bench.push();
    await untilHealthy(id);
    end((image) => ({ state: 'succeeded', image: { ...image, imageId: `sha256:${'e'.repeat(64)}` } }));
    await waitFor(async () => (await bench.stateOf(id)) === 'failed', { what: 'the deployment to fail' });
    expect((await bench.deployments.view(id)).failure).toMatchObject({ code: 'build_interrupted' });
  });

  it('whoever cancels ends the build with it', async () => {
    const id = await bench.push();
    await untilHealthy(id);
    await bench.deployments.cancel(id, moloItself);
    expect(await bench.untilOver(id)).toBe('cancelled');
    expect((await bench.deployments.view(id)).build).toMatchObject({ state: 'cancelled' });
    end(succeeds);
  });

  it('nothing starts where a release process is to run first', async () => {
    bench.agent.processes = ['web', 'release'];
    bench.agent.fate = ({ runsOnce }) => (runsOnce ? { observed: 'exited', exitCode: 0 } : { observed: 'healthy' });
    await expectToWait(await bench.push());
  });

  it('nothing starts where another node, which could not fetch it, may be to run it', async () => {
    await bench.dataSource.query(`insert into nodes (id, name, token_hash, roles) values ($1, 'second', 'hash', '{instances}')`, [randomUUID()]);
    await expectToWait(await bench.push());
  });
});

async function expectToWait(id: string): Promise<void> {
  await waitFor(async () => (await bench.deployments.view(id)).build?.state === 'pushing', { what: 'the image to be made' });
  expect(await bench.stateOf(id)).toBe('queued');
  end(succeeds);
  expect(await bench.untilOver(id)).toBe('live');
  const states = (await eventsOf(id)).flatMap((event) => (event.kind === 'state' || event.kind === 'build' ? [`${event.kind} ${event.state}`] : []));
  expect(states.indexOf('build succeeded')).toBeLessThan(states.indexOf('state placing'));
}
