import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { AppError, type DesiredInstance, type DesiredRoute } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeEngine } from '../engine/fake-engine.js';
import { startTestAgent, TestControlPlane, testHome, TestIngress, testInstance, type TestAgent } from './test-agent.js';

let engine: FakeEngine;
let controlPlane: TestControlPlane;
let ingress: TestIngress;
let home: ReturnType<typeof testHome>;
let url: string;
let server: Server;
let port: number;
const agents: TestAgent[] = [];

beforeEach(async () => {
  engine = new FakeEngine();
  controlPlane = new TestControlPlane();
  ingress = new TestIngress();
  home = testHome();
  url = await controlPlane.start();
  server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((each) => each.close()));
  controlPlane.close();
  server.close();
  home.remove();
});

async function agent(): Promise<TestAgent> {
  const started = await startTestAgent({ engine, home: home.home, controlPlaneUrl: url, ingress });
  agents.push(started);
  return started;
}

/** Its port is one that listens on this machine, where the fake engine says that containers are. */
function instance(changes: Partial<DesiredInstance> = {}): DesiredInstance {
  return testInstance('shop', { port, health: { check: { kind: 'tcp', port }, intervalSeconds: 0.02, timeoutSeconds: 1, startSeconds: 10 }, ...changes });
}

function route(serving: readonly DesiredInstance[], release = 1): DesiredRoute {
  return { environmentId: serving[0]?.environmentId ?? '', app: 'shop', environment: 'production', hosts: ['shop.localhost'], release, serving: serving.map((each) => each.id), countingDeploymentId: null };
}

const observed = (wanted: DesiredInstance) => controlPlane.seen(wanted.id)?.observed;
const becomes = (wanted: DesiredInstance, state: string) => waitFor(() => observed(wanted) === state, { what: `${state}, not ${observed(wanted)}` });
const accept = (one: TestAgent, instances: readonly DesiredInstance[], routes: readonly DesiredRoute[] = []) => one.reconciler.accept(controlPlane.want(instances, routes));

describe('the reconciler', () => {
  it('fetches an image once for all instances that need it, by its digest', async () => {
    const one = await agent();
    const both = [instance(), instance({ index: 2 })];
    await accept(one, both);
    for (const each of both) await becomes(each, 'healthy');
    expect(engine.pulled).toEqual([both[0]!.image.reference]);
    expect([...engine.specs.values()][0]).toMatchObject({ memoryBytes: 64 * 1024 ** 2, pids: 40, env: { PORT: String(port), MOLO_PROCESS: 'web' } });
  });

  it('fails an instance whose image cannot be fetched, after it tried three times', async () => {
    engine.pullFailure = new AppError('image_pull_failed', { detail: 'The image is not in the registry.' });
    const wanted = instance();
    await accept(await agent(), [wanted]);
    await becomes(wanted, 'failed');
    expect(engine.pulled.length).toBe(3);
    const early = controlPlane.reports.flatMap((report) => report.instances).filter((each) => each.observed !== 'failed');
    expect(early.every((each) => each.failure === null)).toBe(true);
    expect(controlPlane.seen(wanted.id)?.failure).toEqual({ code: 'image_pull_failed', detail: 'The image is not in the registry.' });
  });

  it('does what is wanted once an engine that is down comes back', async () => {
    engine.down = true;
    const wanted = instance();
    await accept(await agent(), [wanted]);
    engine.down = false;
    await becomes(wanted, 'healthy');
  });

  it('sees what happened while the events of the engine were lost', async () => {
    const wanted = instance();
    const one = await agent();
    await accept(one, [wanted], [route([wanted])]);
    await becomes(wanted, 'healthy');
    const [first] = engine.containers.keys();
    engine.down = true;
    engine.exit(first!, 1);
    engine.down = false;
    engine.reconnect();
    await waitFor(() => controlPlane.seen(wanted.id)?.restarts === 1 && observed(wanted) === 'healthy', { what: 'its restart' });
  });

  it('starts nothing twice when it starts again in the middle of starting', async () => {
    const wanted = instance();
    const first = await agent();
    await accept(first, [wanted]);
    await waitFor(() => engine.containers.size === 1, { what: 'a container' });
    agents.splice(0);
    await first.close();
    await agent();
    await becomes(wanted, 'healthy');
    expect(engine.containers.size).toBe(1);
  });

  it('starts no container that nobody wants any more by the time it is there', async () => {
    const one = await agent();
    const started = vi.spyOn(engine, 'start');
    const create = engine.create.bind(engine);
    engine.create = async (spec) => {
      const id = await create(spec);
      await accept(one, []);
      return id;
    };
    await accept(one, [instance()]);
    await waitFor(() => engine.specs.size === 1 && engine.containers.size === 0, { what: 'the end of the container' });
    expect(started).not.toHaveBeenCalled();
  });

  it('reports what it sees though the ingress does not say what it counted', async () => {
    ingress.traffic = () => new Promise(() => undefined);
    const wanted = instance();
    await accept(await agent(), [wanted], [{ ...route([wanted]), countingDeploymentId: wanted.deploymentId }]);
    await becomes(wanted, 'healthy');
  });

  it('reports nothing while nothing changes but that it lives', async () => {
    const wanted = instance();
    await accept(await agent(), [wanted]);
    await becomes(wanted, 'healthy');
    const { length } = controlPlane.reports;
    // Every look at the container says that something may have changed.
    engine.reconnect();
    const looked = vi.spyOn(engine, 'inspect');
    engine.reconnect();
    await waitFor(() => looked.mock.calls.length > 0, { what: 'a look at the container' });
    await accept(agents[0]!, [wanted, instance()]);
    await waitFor(() => controlPlane.reports.at(-1)?.generation === controlPlane.desired.generation, { what: 'a report of what changed' });
    expect(controlPlane.reports.length).toBe(length + 1);
  });

  it('removes the second of two containers of one instance', async () => {
    const wanted = instance();
    await accept(await agent(), [wanted]);
    await becomes(wanted, 'healthy');
    const [container] = engine.containers.values();
    engine.containers.set('another', { ...container!, id: 'another', name: 'another' });
    engine.reconnect();
    await waitFor(() => !engine.containers.has('another'), { what: 'one container' });
    expect(observed(wanted)).toBe('healthy');
  });

  it('leaves containers of other nodes alone', async () => {
    engine.containers.set('foreign', { id: 'foreign', name: 'x', labels: { 'molo.managed': 'true', 'molo.node': 'other', 'molo.instance': 'x' }, status: 'running', pid: 1, startedAt: null, finishedAt: null, exitCode: 0, outOfMemory: false, address: null, imageHealth: 'none', logFile: null });
    const wanted = instance();
    await accept(await agent(), [wanted]);
    await becomes(wanted, 'healthy');
    expect(engine.containers.has('foreign')).toBe(true);
  });

  it('switches to a new release, lets the old one drain, and ends it once nothing is open to it', async () => {
    const old = instance();
    const one = await agent();
    await accept(one, [old], [route([old])]);
    await becomes(old, 'healthy');
    const next = instance({ release: 2, environmentId: old.environmentId });
    await accept(one, [old, next], [route([old])]);
    await becomes(next, 'healthy');
    ingress.open.set(old.id, 1);
    await accept(one, [{ ...old, desired: 'draining' }, next], [route([next], 2)]);
    await becomes(old, 'draining');
    expect([...ingress.addresses].map(([id, { state }]) => [id, state])).toEqual([
      [old.id, 'draining'],
      [next.id, 'serving'],
    ]);
    expect(engine.signals).toEqual([]);
    ingress.open.set(old.id, 0);
    await becomes(old, 'gone');
    expect(engine.signals).toEqual(['SIGTERM']);
    expect(observed(next)).toBe('healthy');
  });

  it('tells an instance to end once the engine is back that was away as it was to be told, and kills none that was not', async () => {
    const old = instance({ stopSeconds: 0 });
    const one = await agent();
    await accept(one, [old], [route([old])]);
    await becomes(old, 'healthy');
    ingress.open.set(old.id, 1);
    await accept(one, [{ ...old, desired: 'draining' }], [{ ...route([old]), serving: [] }]);
    await becomes(old, 'draining');
    engine.down = true;
    ingress.open.set(old.id, 0);
    await becomes(old, 'stopping');
    engine.down = false;
    await becomes(old, 'gone');
    expect(engine.signals).toEqual(['SIGTERM']);
  });

  it('keeps a drain to its limit, though the agent starts again', async () => {
    const old = instance({ drainSeconds: 2 });
    const first = await agent();
    await accept(first, [old], [route([old])]);
    await becomes(old, 'healthy');
    ingress.open.set(old.id, 1);
    const asked = performance.now();
    await accept(first, [{ ...old, desired: 'draining' }], [{ ...route([old]), serving: [] }]);
    await becomes(old, 'draining');
    agents.splice(0);
    await first.close();
    await agent();
    await becomes(old, 'gone');
    expect(performance.now() - asked).toBeGreaterThan(1900);
    expect(performance.now() - asked).toBeLessThan(6000);
  });

  it('sends requests to the healthy instances alone, and to all where none is healthy', async () => {
    const both = [instance(), instance({ index: 2, environmentId: '' })];
    both[1] = { ...both[1]!, environmentId: both[0]!.environmentId, health: { ...both[1]!.health!, check: { kind: 'tcp', port: 1 } } };
    await accept(await agent(), both, [route(both)]);
    await becomes(both[0]!, 'healthy');
    const serving = () => [...ingress.addresses].filter(([, { state }]) => state === 'serving').map(([id]) => id);
    await waitFor(() => serving().length === 1 && serving()[0] === both[0]!.id, { what: 'the healthy one alone' });
  });

  it('reports again until the control plane takes it', async () => {
    const wanted = instance();
    const one = await agent();
    await accept(one, [wanted]);
    await becomes(wanted, 'healthy');
    controlPlane.up = false;
    const [id] = engine.containers.keys();
    engine.exit(id!, 1);
    await waitFor(() => engine.containers.size === 1 && !engine.containers.has(id!), { what: 'its restart' });
    controlPlane.up = true;
    await waitFor(() => controlPlane.seen(wanted.id)?.restarts === 1, { what: 'the report' });
  });

  it('removes the network of an environment after its last instance', async () => {
    const wanted = instance();
    const one = await agent();
    await accept(one, [wanted]);
    await becomes(wanted, 'healthy');
    expect([...engine.made.keys()]).toEqual(['molo-shop-production']);
    await accept(one, []);
    await waitFor(() => engine.containers.size === 0 && engine.made.size === 0, { what: 'nothing left' });
  });

  it('tries again to remove a network that was still in use, and one that was left behind', async () => {
    const wanted = instance();
    const one = await agent();
    await accept(one, [wanted]);
    await becomes(wanted, 'healthy');
    engine.networksInUse = true;
    await accept(one, []);
    await waitFor(() => engine.containers.size === 0, { what: 'no container' });
    engine.networksInUse = false;
    await waitFor(() => engine.made.size === 0, { what: 'no network' });
    await engine.createNetwork('molo-left-production', '10.214.1.0/26', { 'molo.managed': 'true', 'molo.node': controlPlane.nodeId });
    agents.splice(0);
    await one.close();
    await agent();
    await waitFor(() => engine.made.size === 0, { what: 'the network of before to be gone' });
  });

  it('makes a container anew that cannot be started, since its network may have gone', async () => {
    engine.startFailure = new AppError('image_pull_failed', { detail: 'network molo-shop-production not found' });
    const wanted = instance();
    await accept(await agent(), [wanted]);
    await waitFor(() => engine.specs.size === 1, { what: 'the first container' });
    engine.made.clear();
    engine.startFailure = null;
    await becomes(wanted, 'healthy');
    expect([engine.specs.size, engine.containers.size, engine.made.size]).toEqual([2, 1, 1]);
  });

  it('remembers nothing of instances that ended for good while no agent ran', async () => {
    const wanted = instance();
    const first = await agent();
    await accept(first, [wanted]);
    await becomes(wanted, 'healthy');
    agents.splice(0);
    await first.close();
    engine.containers.clear();
    const other = instance();
    controlPlane.want([other]);
    await agent();
    await becomes(other, 'healthy');
    const remembered = () => Object.keys(JSON.parse(readFileSync(join(home.home, 'agent/instances.json'), 'utf8')) as object);
    await waitFor(() => !remembered().includes(wanted.id), { what: 'it to be forgotten' });
  });

  it('acts on the newest desired set alone once it stood still', async () => {
    const old = instance({ drainSeconds: 20 });
    const one = await agent();
    await accept(one, [old], [route([old])]);
    await becomes(old, 'healthy');
    ingress.open.set(old.id, 1);
    await accept(one, [{ ...old, desired: 'draining' }], [{ ...route([old]), serving: [] }]);
    await becomes(old, 'draining');
    controlPlane.want([old], [route([old])]);
    const clock = performance.now.bind(performance);
    const stoodStill = vi.spyOn(performance, 'now').mockImplementation(() => clock() + 90_000);
    ingress.open.set(old.id, 2);
    await becomes(old, 'healthy');
    expect(engine.signals).toEqual([]);
    stoodStill.mockRestore();
  });

  it('takes the newest desired set without any job', async () => {
    await agent();
    await waitFor(() => controlPlane.reports.length > 0, { what: 'the first report' });
    const wanted = instance();
    controlPlane.want([wanted]);
    await waitFor(() => observed(wanted) === 'healthy', { timeoutMs: 15_000, what: 'healthy' });
  });
});
