import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { LifecycleBench } from '../deployments/lifecycle-bench.js';
import type { SimulatedAgent } from '../deployments/simulated-agent.js';
import { Drains } from './drains.js';
import { NodeChanges } from './node-changes.service.js';
import { NodesService } from './nodes.service.js';

let bench: LifecycleBench;
let other: SimulatedAgent;

beforeEach(async () => {
  bench = await LifecycleBench.start();
  other = await bench.addNode('other');
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const changes = () => bench.module.get(NodeChanges);

interface Row {
  readonly node: string;
  readonly index: number;
  readonly serving: boolean;
  readonly desired: string;
}

async function running(): Promise<Row[]> {
  return bench.dataSource.query(`select n.name as node, i.index, i.serving, i.desired from instances i join nodes n on n.id = i.node_id where i.gone_at is null and i.process_type = 'web' order by i.index`);
}

/** Two of it, which are never on one node where there are two. */
async function live(): Promise<void> {
  await bench.dataSource.query(`update environments set formation = '{"web": 2}' where id = $1`, [bench.environmentId]);
  expect(await bench.untilOver(await bench.push())).toBe('live');
  expect((await running()).map(({ node }) => node).toSorted()).toEqual(['local', 'other']);
}

async function drained(name = 'local'): Promise<string> {
  const { deployments } = await changes().drain(name, moloItself);
  expect(deployments).toEqual([expect.objectContaining({ reason: 'move', app: 'myapp' })]);
  return deployments[0]!.id;
}

describe('a node that is drained', () => {
  it('gives its instances away, and those of other nodes stay as they are', async () => {
    await live();
    const before: { id: string }[] = await bench.dataSource.query('select id from instances where node_id = $1', [other.nodeId]);
    expect(await bench.untilOver(await drained())).toBe('live');
    await waitFor(async () => (await running()).length === 2, { what: 'the instance of the drained node to be gone' });
    expect(await running()).toEqual([1, 2].map((index) => ({ node: 'other', index, serving: true, desired: 'running' })));
    expect((await bench.dataSource.query('select id from instances where node_id = $1 and gone_at is null', [other.nodeId])) as unknown).toEqual(expect.arrayContaining(before));
    const releases: unknown[] = await bench.dataSource.query('select 1 from releases');
    expect(releases).toHaveLength(1);
  });

  it('is given nothing, until it is uncordoned', async () => {
    await live();
    await changes().cordon('other', moloItself);
    expect(await bench.untilOver(await bench.push())).toBe('live');
    await waitFor(async () => (await running()).length === 2, { what: 'the old instances to be gone' });
    expect((await running()).map(({ node }) => node)).toEqual(['local', 'local']);
    await changes().uncordon('other', moloItself);
    expect(await bench.untilOver(await bench.push())).toBe('live');
    await waitFor(async () => (await running()).length === 2, { what: 'the old instances to be gone' });
    expect((await running()).map(({ node }) => node).toSorted()).toEqual(['local', 'other']);
  });

  it('keeps what cannot be moved serving, is not tried again by itself, and is when asked again', async () => {
    await live();
    other.fate = () => ({ observed: 'failed', failure: { code: 'instance_exited', detail: 'It ended.' } });
    expect(await bench.untilOver(await drained())).toBe('failed');
    expect((await running()).filter(({ serving }) => serving)).toHaveLength(2);
    await bench.module.get(Drains).begin(moloItself);
    expect((await bench.dataSource.query(`select 1 from deployments where reason = 'move'`)) as unknown).toHaveLength(1);
    other.fate = () => ({ observed: 'healthy' });
    expect(await bench.untilOver(await drained())).toBe('live');
  });

  it('loses none where a scaling has kept its instances before the drain was asked for', async () => {
    await live();
    other.fate = ({ index }) => ({ observed: index === 3 ? 'checking' : 'healthy' });
    bench.agent.fate = other.fate;
    await bench.dataSource.query(`update environments set formation = '{"web": 3}'`);
    const scaling = (await bench.change('scale'))!;
    await bench.until(scaling, (state) => state === 'checking');
    const move = await drained();
    other.fate = () => ({ observed: 'healthy' });
    bench.agent.fate = other.fate;
    await Promise.all([bench.agent.reconcile(), other.reconcile()]);
    expect(await bench.untilOver(scaling)).toMatch(/live|superseded/);
    expect(await bench.untilOver(move)).toBe('live');
    await waitFor(async () => (await running()).length === 3, { what: 'the instances of the drained node to be gone' });
    expect(await running()).toEqual([1, 2, 3].map((index) => ({ node: 'other', index, serving: true, desired: 'running' })));
  });

  it('is swept: what was placed there by somebody who did not know yet is moved, too', async () => {
    await live();
    await bench.dataSource.query(`update nodes set availability = 'draining', availability_since = now() where name = 'local'`);
    await Promise.all([bench.module.get(Drains).begin(moloItself), bench.module.get(Drains).begin(moloItself)]);
    const moves: { id: string }[] = await bench.dataSource.query(`select id from deployments where reason = 'move'`);
    expect(moves).toHaveLength(1);
    expect(await bench.untilOver(moves[0]!.id)).toBe('live');
  });

  it('is refused where no other node takes instances, with what to do', async () => {
    await live();
    await changes().cordon('other', moloItself);
    await expect(changes().drain('local', moloItself)).rejects.toMatchObject({ code: 'conflict', detail: expect.stringContaining('no other node takes instances') });
    expect(await running()).toHaveLength(2);
  });
});

describe('a node that is removed', () => {
  it('is none any more: its token is refused and its name is free', async () => {
    await bench.dataSource.query(`update nodes set token_hash = encode(sha256('a token'), 'hex') where name = 'other'`);
    const nodes = bench.module.get(NodesService);
    expect(await nodes.byToken('a token')).toBe(other.nodeId);
    await changes().drain('other', moloItself);
    await changes().remove('other', moloItself);
    await waitFor(async () => (await nodes.byToken('a token')) === null, { what: 'the token to be refused' });
    expect((await nodes.list()).map(({ name }) => name)).toEqual(['local']);
    await bench.addNode('other');
    expect(await bench.untilOver(await bench.push())).toBe('live');
  });

  it('is drained before, and is not the machine of the platform', async () => {
    await live();
    await expect(changes().remove('other', moloItself)).rejects.toMatchObject({ code: 'conflict', detail: expect.stringContaining('molo nodes drain other') });
    bench.agent.fate = () => ({ observed: 'checking' });
    await drained('other');
    await expect(changes().remove('other', moloItself)).rejects.toMatchObject({ code: 'conflict', detail: expect.stringContaining('still on other') });
    await expect(changes().remove('local', moloItself)).rejects.toMatchObject({ code: 'conflict', detail: expect.stringContaining('itself') });
    await expect(changes().remove('nowhere', moloItself)).rejects.toMatchObject({ code: 'not_found' });
  });
});
