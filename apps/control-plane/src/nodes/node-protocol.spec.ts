import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type DesiredAnswer, type DesiredNode, desiredAfter, type ObservedInstance, type ObservedNode } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, LifecycleBench } from '../deployments/lifecycle-bench.js';
import { InstancesService } from '../instances/instances.service.js';
import { DesiredService } from './desired.service.js';
import { ObservedService } from './observed.service.js';

let bench: LifecycleBench;
let desired: DesiredService;
let nodeId: string;
const never = new AbortController().signal;

beforeAll(async () => {
  bench = await LifecycleBench.start();
  desired = bench.module.get(DesiredService);
  nodeId = bench.agent.nodeId;
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const whole = async () => desiredAfter(null, await desired.whole(nodeId));
const since = async (generation: number) => desired.since(nodeId, generation, 0, never);
/** What is gone leaves with the next generation. */
const sorted = ({ instances, routes }: DesiredNode) => ({
  instances: instances.filter(({ desired: wish }) => wish === 'running').toSorted((a, b) => a.id.localeCompare(b.id)),
  routes: routes.toSorted((a, b) => a.environmentId.localeCompare(b.environmentId)),
});

/** At rest, once nothing of it is under way any more. */
async function pushed(appId?: string): Promise<void> {
  const id = await bench.push(undefined, appId);
  expect(await bench.untilOver(id)).toBe('live');
  await waitFor(async () => (await bench.dataSource.query(`select 1 from instances where gone_at is null and desired <> 'running'`)).length === 0, { what: 'the old instances to be gone' });
}

async function changed(): Promise<DesiredAnswer> {
  const before = await whole();
  await pushed();
  return (await since(before.generation))!;
}

describe('what a node is to be', () => {
  it('is told as what changed since the generation that the node has', async () => {
    const other = await createApp(bench.dataSource, 'neighbour');
    await pushed(other.appId);
    await pushed();
    const answer = await changed();
    expect(answer.routes.map(({ app }) => app)).toEqual(['myapp']);
    expect(answer.instances.every(({ app, desired: wish }) => app === 'myapp' && wish === 'running')).toBe(true);
    expect(answer.gone.instances.length).toBeGreaterThan(0);
  });

  it('is the same by differences, each laid over the one before, as read whole: through pushes, failures, domains and deletions', async () => {
    let node = await whole();
    const follow = () =>
      waitFor(async () => {
        for (let answer = await since(node.generation); answer !== null; answer = await since(node.generation)) node = desiredAfter(node, answer);
        return isDeepStrictEqual(sorted(node), sorted(await whole()));
      }, { what: 'the differences to make the whole' });
    await pushed();
    await follow();
    bench.agent.fate = () => ({ observed: 'failed', failure: { code: 'instance_exited', detail: 'It ended.' } });
    expect(await bench.untilOver(await bench.push())).toBe('failed');
    bench.agent.fate = () => ({ observed: 'healthy' });
    await follow();
    const { appId, environmentId } = await createApp(bench.dataSource, 'short-lived');
    await pushed(appId);
    await follow();
    await bench.dataSource.transaction(async (manager) => {
      await manager.query('update environments set deleted_at = now() where app_id = $1', [appId]);
      await bench.module.get(InstancesService).stopAll(manager, environmentId);
    });
    await follow();
    await waitFor(async () => (await whole()).instances.every(({ app }) => app !== 'short-lived'), { what: 'its instances to be gone' });
    await pushed();
    await follow();
    expect(node.routes.some(({ app }) => app === 'short-lived')).toBe(false);
  });

  it('is answered as soon as it changes, and with nothing when it does not', async () => {
    const { generation } = await whole();
    expect(await desired.since(nodeId, generation, 50, never)).toBeNull();
    const held = desired.since(nodeId, generation, 60_000, never);
    await pushed();
    expect((await held)?.generation).toBeGreaterThan(generation);
    const leaving = new AbortController();
    const left = desired.since(nodeId, (await whole()).generation, 60_000, leaving.signal);
    leaving.abort();
    expect(await left).toBeNull();
  });

  it('is whole and newer for a node that knows more than a database that was restored from a backup', async () => {
    const { generation } = await whole();
    const answer = await since(generation + 1000);
    expect(answer).toMatchObject({ since: null });
    expect(answer!.generation).toBeGreaterThan(generation + 1000);
  });
});

describe('what a node reports', () => {
  const take = (changes: Partial<ObservedNode>) => bench.module.get(ObservedService).take(nodeId, { seq: 1, after: null, session: randomUUID(), generation: 1, instances: [], absent: [], routes: [], traffic: [], ...changes });
  const stateOf = async (id: string) => (await bench.dataSource.query('select observed, restarts, gone_at from instances where id = $1', [id]))[0];

  async function someInstance(): Promise<ObservedInstance> {
    bench.agent.stop();
    const { id } = (await whole()).instances[0]!;
    return { id, observed: 'healthy', containerId: `container-${id}`, address: '10.0.0.2', restarts: 0, exitCode: null, outOfMemory: false, startedAt: null, failure: null, lastLines: [] };
  }

  it('is taken as what changed since its last report, and leaves the rest as it was', async () => {
    const instance = await someInstance();
    const others = (await whole()).instances.length;
    const session = randomUUID();
    const all = (await whole()).instances.map(({ id }) => ({ ...instance, id }));
    await take({ session, instances: all });
    await take({ session, seq: 2, after: 1, instances: [{ ...instance, observed: 'unhealthy' }] });
    await take({ session, seq: 3, after: 2 });
    expect(await stateOf(instance.id)).toMatchObject({ observed: 'unhealthy', gone_at: null });
    expect((await whole()).instances.length).toBe(others);
  });

  it('is refused where it builds on another than the last that was taken, and nothing of it stays', async () => {
    const instance = await someInstance();
    const session = randomUUID();
    await take({ session, instances: [instance] });
    await expect(take({ session, seq: 3, after: 2, instances: [{ ...instance, restarts: 7 }] })).rejects.toMatchObject({ code: 'base_unknown' });
    await expect(take({ session, seq: 3, after: 2 })).rejects.toMatchObject({ code: 'base_unknown' });
    await expect(take({ session: randomUUID(), seq: 2, after: 1 })).rejects.toMatchObject({ code: 'base_unknown' });
    expect(await stateOf(instance.id)).toMatchObject({ restarts: 0 });
    await take({ session, seq: 4, instances: [{ ...instance, restarts: 2 }] });
    expect(await stateOf(instance.id)).toMatchObject({ restarts: 2 });
  });

  it('is passed over where it comes late, from an agent that was replaced or behind a newer one', async () => {
    const instance = await someInstance();
    const [before, now] = [randomUUID(), randomUUID()];
    await take({ session: before, seq: 10, instances: [instance] });
    await take({ session: now, seq: 5, instances: [{ ...instance, restarts: 3 }] });
    await expect(take({ session: before, seq: 11, after: 10, instances: [{ ...instance, restarts: 1 }] })).rejects.toMatchObject({ code: 'base_unknown' });
    await expect(take({ session: before, seq: 12, instances: [{ ...instance, restarts: 1 }] })).rejects.toMatchObject({ code: 'base_unknown' });
    await take({ session: now, seq: 4, instances: [{ ...instance, restarts: 1 }] });
    expect(await stateOf(instance.id)).toMatchObject({ restarts: 3 });
  });

  it('lets what was to end and is not there be gone, whether it ever was there or not', async () => {
    const instance = await someInstance();
    const session = randomUUID();
    await take({ session, instances: [instance] });
    await take({ session, seq: 2, after: 1, absent: [instance.id] });
    expect(await stateOf(instance.id)).toMatchObject({ gone_at: null });
    await bench.dataSource.query(`update instances set desired = 'stopped' where id = $1`, [instance.id]);
    await take({ session, seq: 3, after: 2, absent: [instance.id] });
    expect(await stateOf(instance.id)).toMatchObject({ observed: 'gone', gone_at: expect.any(Date) });
  });
});

