import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deployment as DeploymentView, DeploymentEvent, DesiredInstance } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { moloItself, ownerOfMachine } from '../access/caller.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentStream } from './deployment-stream.js';
import { LifecycleBench } from './lifecycle-bench.js';
import { Settling } from './settling.js';
import type { Fate } from './simulated-agent.js';
import { Sweeper } from './sweeper.js';

let bench: LifecycleBench;

beforeEach(async () => {
  bench = await LifecycleBench.start();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const exited: Fate = { observed: 'backing_off', restarts: 1, exitCode: 1, failure: { code: 'instance_exited', detail: 'web.1 ended with code 1. Its last lines say why.' } };

/** From the next report on, the instances of these deployments have died. */
async function die(deploymentIds: readonly string[], fate: Fate = exited): Promise<void> {
  bench.agent.fate = (instance: DesiredInstance) => (deploymentIds.includes(instance.deploymentId) ? fate : { observed: 'healthy' });
  await bench.agent.reconcile();
}

async function live(): Promise<string> {
  const id = await bench.push();
  expect(await bench.untilOver(id)).toBe('live');
  return id;
}

/** The newest first. */
async function deployments(): Promise<DeploymentView[]> {
  const rows: { id: string }[] = await bench.dataSource.query('select id from deployments order by created_at desc, id');
  return Promise.all(rows.map(({ id }) => bench.deployments.view(id)));
}

/** The rollback that Molo begins, once it is live. */
async function rollback(): Promise<DeploymentView> {
  const begun = await waitFor(async () => (await deployments()).find(({ undoes }) => undoes !== null), { timeoutMs: 10_000, what: 'the rollback' });
  await bench.untilOver(begun.id);
  return bench.deployments.view(begun.id);
}

async function stepsOf(deploymentId: string): Promise<Extract<DeploymentEvent, { kind: 'step' }>[]> {
  const events: DeploymentEvent[] = [];
  for await (const event of bench.module.get(DeploymentStream).follow(deploymentId, 0)) events.push(event);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  return events.filter((event) => event.kind === 'step');
}

/** What is to be decided by now is, whatever the bench's own sweeper does. */
async function decideDue(): Promise<void> {
  const settling = bench.module.get(Settling);
  await settling.decideAll(await settling.due());
}

/** The report that tells of a death may be the agent's own instead of the one that was asked for. */
async function untilDecided(id: string): Promise<void> {
  await waitFor(async () => (await bench.dataSource.manager.findOneByOrFail(Deployment, { id })).settlingUntil === null, { timeoutMs: 10_000, what: 'the decision' });
}

/** A push whose build, the third of the test, has begun and goes no further. */
async function heldPush(): Promise<string> {
  bench.agent.holdBuilds = true;
  const id = await bench.push();
  await waitFor(() => bench.agent.builtIds.length === 3, { timeoutMs: 10_000, what: 'the build' });
  return id;
}

/** Builds that were held are begun anew. */
async function letBuild(): Promise<void> {
  bench.agent.holdBuilds = false;
  await bench.forgetJobs();
  await bench.module.get(Sweeper).sweep();
}

/** The settling time passes, by the clock that it is measured with. */
async function settle(): Promise<void> {
  await bench.dataSource.query(`update deployments set settling_until = clock_timestamp() where settling_until is not null`);
}

describe('a release whose instances die while it settles', () => {
  it('is rolled back by itself, and both deployments say why', async () => {
    const good = await live();
    const bad = await live();
    await die([bad]);
    const undoing = await rollback();
    expect(undoing).toMatchObject({ state: 'live', reason: 'rollback', actor: { kind: 'molo' }, failure: null, release: { number: 3 } });
    expect(undoing.undoes).toMatchObject({ deploymentId: bad, release: { number: 2 }, failure: { code: 'instance_exited' } });
    const dead = await bench.deployments.view(bad);
    expect(dead).toMatchObject({ state: 'superseded', failure: { code: 'instance_exited' } });
    expect(dead.failure?.detail).toBe('web.1 ended with code 1. Its last lines say why.\nIts last lines:\n  the last line');
    expect(await stepsOf(bad)).toContainEqual(expect.objectContaining({ step: 'settling.undone', text: 'Rolling back to v1' }));
    expect(await stepsOf(undoing.id)).toContainEqual(expect.objectContaining({ step: 'settling.undoes', text: expect.stringMatching(/^v2 did not settle: web\.1 ended with code 1\..*v1/) as string }));
    const images: { image_id: string }[] = await bench.dataSource.query('select image_id from releases where number in (1, 3)');
    expect(new Set(images.map((row) => row.image_id)).size).toBe(1);
    const [audit]: { after: unknown; actor_kind: string }[] = await bench.dataSource.query('select after, actor_kind from audit_events where target = $1', [undoing.id]);
    expect(audit).toMatchObject({ actor_kind: 'molo', after: { reason: 'rollback', undoes: bad } });
    expect(await bench.stateOf(good)).toBe('superseded');
  });

  it('is rolled back once, whatever is reported and whoever decides at the same time', async () => {
    await live();
    const bad = await live();
    await die([bad]);
    await die([bad], { ...exited, restarts: 2 });
    await Promise.all(Array.from({ length: 10 }, () => bench.module.get(Settling).decideAll([bad])));
    await rollback();
    await decideDue();
    expect(await deployments()).toHaveLength(3);
    // The last guard is the database's own.
    await expect(bench.dataSource.query(`insert into deployments (id, environment_id, state, reason, actor, undoes_deployment_id) select gen_random_uuid(), environment_id, state, reason, actor, id from deployments where id = $1`, [bad])).rejects.toThrow(/undoes/);
  });

  it('is rolled back for a worker too', async () => {
    bench.agent.processes = ['worker'];
    await live();
    const bad = await live();
    await die([bad]);
    expect((await rollback()).state).toBe('live');
  });

  it('is rolled back where its config alone is new', async () => {
    await live();
    const id = await bench.change('config');
    await bench.untilOver(id!);
    await die([id!]);
    expect((await rollback()).undoes?.deploymentId).toBe(id);
  });

  it('is told to have run out of memory, though its instance is up again when that is reported', async () => {
    await live();
    const bad = await live();
    await die([bad], { observed: 'healthy', restarts: 1, exitCode: 137, outOfMemory: true });
    expect((await rollback()).undoes?.failure).toMatchObject({ code: 'instance_out_of_memory', detail: expect.stringContaining('more memory than its limit') as string });
  });

  it('is rolled back by the control plane that comes after one that died before it decided', async () => {
    await live();
    const bad = await live();
    const deaths = await bench.dataSource.query(`update deployments set failure = '{"code": "instance_exited", "detail": "web.1 ended with code 1."}' where id = $1 returning id`, [bad]);
    expect(deaths[1]).toBe(1);
    expect(await deployments()).toHaveLength(2);
    await bench.module.get(Sweeper).sweep();
    expect((await rollback()).undoes?.deploymentId).toBe(bad);
  });

  it('is rolled back while the instances before it still drain, without waiting for them', async () => {
    const good = await live();
    bench.agent.lingers = (instance) => instance.deploymentId === good;
    const bad = await bench.push();
    await bench.until(bad, (state) => state === 'draining');
    await die([bad]);
    await bench.until(bad, (state) => state !== 'draining');
    bench.agent.lingers = () => false;
    expect((await rollback()).state).toBe('live');
  });

  it('goes back past those that did not settle either', async () => {
    await live();
    const bad = await live();
    const worse = await heldPush();
    await die([bad]);
    await letBuild();
    expect(await bench.untilOver(worse)).toBe('live');
    await die([bad, worse]);
    expect(await stepsOf((await rollback()).id)).toContainEqual(expect.objectContaining({ text: expect.stringContaining('Back to v1') as string }));
  });
});

describe('a death that nobody is rolled back for', () => {
  it('comes after the settling time', async () => {
    await live();
    const id = await live();
    await settle();
    await die([id]);
    await decideDue();
    await untilDecided(id);
    expect(await deployments()).toHaveLength(2);
    expect(await bench.deployments.view(id)).toMatchObject({ state: 'live', failure: null });
  });

  it('is of an app with settle: 0s', async () => {
    bench.agent.settleSeconds = 0;
    await live();
    const id = await live();
    await die([id]);
    await decideDue();
    expect(await deployments()).toHaveLength(2);
    expect((await bench.deployments.view(id)).failure).toBeNull();
  });

  it('is of the first release, which says so', async () => {
    const id = await live();
    await die([id]);
    await untilDecided(id);
    expect(await deployments()).toHaveLength(1);
    expect(await bench.deployments.view(id)).toMatchObject({ state: 'live', failure: { code: 'instance_exited' } });
    expect(await stepsOf(id)).toContainEqual(expect.objectContaining({ step: 'settling.left', text: expect.stringContaining('no earlier release') as string }));
  });

  it('is of a rollback that Molo began: there is no loop', async () => {
    await live();
    const bad = await live();
    await die([bad]);
    const undoing = await rollback();
    await die([bad, undoing.id]);
    await untilDecided(undoing.id);
    expect(await deployments()).toHaveLength(3);
    expect(await bench.deployments.view(undoing.id)).toMatchObject({ state: 'live', failure: { code: 'instance_exited' } });
    expect(await stepsOf(undoing.id)).toContainEqual(expect.objectContaining({ step: 'settling.left', text: expect.stringContaining('It is a rollback itself') as string }));
  });

  it('is of a rollback that a person began: they chose it', async () => {
    await live();
    await live();
    const { id } = await bench.deployments.rollBack(bench.environmentId, 1, ownerOfMachine());
    await bench.untilOver(id);
    await die([id]);
    await untilDecided(id);
    expect(await deployments()).toHaveLength(3);
    expect((await bench.deployments.view(id)).failure?.code).toBe('instance_exited');
  });

  it('is of a redeploy: it brought nothing that did not serve before', async () => {
    await live();
    await live();
    const { id } = await bench.deployments.redeploy(bench.environmentId, moloItself);
    await bench.untilOver(id);
    await die([id]);
    expect(await deployments()).toHaveLength(3);
    expect((await bench.deployments.view(id)).failure).toBeNull();
  });
});

describe('a newer deployment', () => {
  it('takes the place of one that died while it settled: no rollback begins', async () => {
    await live();
    const bad = await live();
    const newer = await heldPush();
    await die([bad]);
    await decideDue();
    expect(await deployments()).toHaveLength(3);
    await letBuild();
    expect(await bench.untilOver(newer)).toBe('live');
    await bench.module.get(Sweeper).sweep();
    await untilDecided(bad);
    expect(await deployments()).toHaveLength(3);
    expect(await bench.deployments.view(bad)).toMatchObject({ state: 'superseded', failure: { code: 'instance_exited' } });
  });

  it('that fails leaves it to the rollback', async () => {
    await live();
    const bad = await live();
    const newer = await heldPush();
    await die([bad]);
    await bench.deployments.cancel(newer, moloItself);
    expect(await bench.untilOver(newer)).toBe('cancelled');
    await decideDue();
    expect((await rollback()).undoes?.deploymentId).toBe(bad);
  });
});

describe('a release that no longer passes its check', () => {
  it('is rolled back when it does not by the end of its settling time', async () => {
    await live();
    const bad = await live();
    await die([bad], { observed: 'unhealthy' });
    await decideDue();
    expect(await deployments()).toHaveLength(2);
    await settle();
    await decideDue();
    expect((await rollback()).undoes?.failure.code).toBe('instance_unhealthy');
  });

  it('stays when it does again by then', async () => {
    await live();
    const id = await live();
    await die([id], { observed: 'unhealthy' });
    await die([id], { observed: 'healthy' });
    await settle();
    await decideDue();
    await untilDecided(id);
    expect(await deployments()).toHaveLength(2);
  });
});
