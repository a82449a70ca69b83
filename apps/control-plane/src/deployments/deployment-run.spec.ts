import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError, type DeploymentEvent } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { runGit } from '../git/git-command.js';
import { Repositories } from '../git/repositories.js';
import { InstancesService } from '../instances/instances.service.js';
import { Deployment } from './deployment.entity.js';
import { DeploymentRun } from './deployment-run.js';
import { DeploymentStream } from './deployment-stream.js';
import { LifecycleBench } from './lifecycle-bench.js';
import { Sweeper } from './sweeper.js';
import { Waiting } from './waiting.js';

let bench: LifecycleBench;

beforeEach(async () => {
  bench = await LifecycleBench.start();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

async function eventsOf(deploymentId: string, after = 0): Promise<DeploymentEvent[]> {
  const events: DeploymentEvent[] = [];
  for await (const event of bench.module.get(DeploymentStream).follow(deploymentId, after)) events.push(event);
  return events;
}

async function instances(): Promise<{ process_type: string; desired: string; serving: boolean; deployment_id: string }[]> {
  return bench.dataSource.query('select process_type, desired, serving, deployment_id from instances where gone_at is null order by created_at');
}

describe('a push', () => {
  it('goes live through every state in order, with a journal that has no gap', async () => {
    const id = await bench.push();
    const events = await eventsOf(id);
    const states = events.filter((event) => event.kind === 'state').map((event) => event.state);
    expect(states).toEqual(['queued', 'placing', 'starting', 'checking', 'switching', 'draining', 'live']);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    const view = await bench.deployments.view(id);
    expect(view.receipt).toMatchObject({ requests: 10, failed: 0, connectionsDropped: 0, layersMoved: 1, bytesMoved: 1000 });
    expect(view.release).toEqual({ number: 1, version: '1.0' });
    expect(await instances()).toEqual([{ process_type: 'web', desired: 'running', serving: true, deployment_id: id }]);
  });

  it('replaces the instances of the release before, which is superseded', async () => {
    const first = await bench.push();
    await bench.untilOver(first);
    const second = await bench.push();
    expect(await bench.untilOver(second)).toBe('live');
    expect(await bench.stateOf(first)).toBe('superseded');
    expect((await instances()).map((instance) => instance.deployment_id)).toEqual([second]);
  });

  it('of an app without a web process runs one of each, and says of others which have no instance', async () => {
    const withWeb = await bench.push();
    await bench.untilOver(withWeb);
    expect((await eventsOf(withWeb)).filter((event) => event.kind === 'step' && event.step === 'process.idle')).toMatchObject([{ text: expect.stringContaining('molo scale worker=1') }]);
    bench.agent.processes = ['worker', 'clock'];
    expect(await bench.untilOver(await bench.push())).toBe('live');
    expect((await instances()).map((instance) => instance.process_type).toSorted()).toEqual(['clock', 'worker']);
  });

  it('builds the same tree once', async () => {
    const tree = 'f'.repeat(40);
    await bench.untilOver(await bench.push(tree));
    const again = await bench.push(tree);
    await bench.untilOver(again);
    expect(bench.agent.builtIds).toHaveLength(1);
    expect((await bench.deployments.view(again)).build).toMatchObject({ state: 'succeeded', reused: true });
  });

  it('fails with the reason of its build and leaves the running release serving', async () => {
    const good = await bench.push();
    await bench.untilOver(good);
    bench.agent.buildFailure = { code: 'build_step_failed', detail: 'Step 3 ended with exit code 1.' };
    const bad = await bench.push();
    expect(await bench.untilOver(bad)).toBe('failed');
    expect((await bench.deployments.view(bad)).failure).toEqual(bench.agent.buildFailure);
    expect(await instances()).toEqual([{ process_type: 'web', desired: 'running', serving: true, deployment_id: good }]);
  });

  it('keeps the old release serving when the new one never gets healthy, and shows its last lines', async () => {
    const good = await bench.push();
    await bench.untilOver(good);
    bench.agent.fate = (instance) =>
      instance.deploymentId === good ? { observed: 'healthy' } : { observed: 'failed', failure: { code: 'instance_exited', detail: 'It ended with exit code 1.' }, exitCode: 1 };
    const bad = await bench.push();
    expect(await bench.untilOver(bad)).toBe('failed');
    expect((await bench.deployments.view(bad)).failure?.detail).toContain('the last line');
    await waitFor(async () => (await instances()).length === 1, { timeoutMs: 10_000, what: 'the new instance to go' });
    expect(await instances()).toEqual([{ process_type: 'web', desired: 'running', serving: true, deployment_id: good }]);
  });

  it('runs the release process before anything of the release starts, and its failure fails the deployment', async () => {
    bench.agent.processes = ['web', 'release'];
    bench.agent.fate = (instance) => (instance.runsOnce ? { observed: 'failed', exitCode: 3, failure: { code: 'release_process_failed', detail: 'It ended with exit code 3.' } } : { observed: 'healthy' });
    const id = await bench.push();
    expect(await bench.untilOver(id)).toBe('failed');
    expect((await bench.deployments.view(id)).failure?.code).toBe('release_process_failed');
    expect(bench.agent.seen.flatMap((desired) => desired.instances).filter((instance) => instance.processType === 'web')).toEqual([]);
  });

  it('goes on after a release process that ended well', async () => {
    bench.agent.processes = ['web', 'release'];
    bench.agent.fate = (instance) => (instance.runsOnce ? { observed: 'exited', exitCode: 0 } : { observed: 'healthy' });
    expect(await bench.untilOver(await bench.push())).toBe('live');
  });
});

describe('a deployment', () => {
  it('can be cancelled while its instances are checked, and what it started goes', async () => {
    bench.agent.fate = () => ({ observed: 'checking' });
    const id = await bench.push();
    await bench.until(id, (state) => state === 'checking');
    await bench.deployments.cancel(id, moloItself);
    expect(await bench.untilOver(id)).toBe('cancelled');
    await waitFor(async () => (await instances()).length === 0, { timeoutMs: 10_000, what: 'its instances to go' });
  });

  it('can no longer be cancelled once it is live', async () => {
    const id = await bench.push();
    await bench.untilOver(id);
    await expect(bench.deployments.cancel(id, moloItself)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('that an ingress could not be switched to drains what it started: requests may have come there', async () => {
    const good = await bench.push();
    await bench.untilOver(good);
    bench.agent.routeFailure = { code: 'ingress_failed', detail: 'The ingress does not answer.' };
    const bad = await bench.push();
    expect(await bench.untilOver(bad)).toBe('failed');
    await waitFor(async () => (await instances()).length === 1, { timeoutMs: 10_000, what: 'the new instance to go' });
    expect(await instances()).toEqual([{ process_type: 'web', desired: 'running', serving: true, deployment_id: good }]);
    const wished = bench.agent.seen.flatMap((desired) => desired.instances).filter((instance) => instance.deploymentId === bad);
    expect([...new Set(wished.map(({ desired }) => desired))]).toEqual(['running', 'draining']);
  });

  it('goes live where the ingress was away for a moment just when it was to switch', async () => {
    bench.agent.routeFailure = { code: 'ingress_failed', detail: 'The ingress does not answer.' };
    const id = await bench.push();
    await bench.until(id, (state) => state === 'switching');
    await waitFor(async () => (await bench.dataSource.query('select 1 from observed_routes where failure is not null')).length > 0, { what: 'the failure to be reported' });
    bench.agent.routeFailure = null;
    await bench.agent.reconcile();
    expect(await bench.untilOver(id)).toBe('live');
  });

  it('of an app that is scaled to nothing waits for nobody', async () => {
    await bench.untilOver(await bench.push());
    await bench.dataSource.query(`update environments set formation = '{"web": 0}'`);
    const id = (await bench.change('config'))!;
    expect(await bench.untilOver(id)).toBe('live');
    const states = (await eventsOf(id)).flatMap((event) => (event.kind === 'state' ? [event] : []));
    const msOf = (state: string) => Date.parse(states.find((event) => event.state === state)!.at);
    expect(msOf('switching') - msOf('starting')).toBeLessThan(900);
  });

  it('is done once when its job runs many times at once', async () => {
    const id = await bench.push();
    const runs = bench.module.get(DeploymentRun);
    await Promise.all(Array.from({ length: 5 }, () => runs.run(id)));
    expect(await bench.untilOver(id)).toBe('live');
    const states = (await eventsOf(id)).filter((event) => event.kind === 'state').map((event) => event.state);
    expect(states).toEqual([...new Set(states)]);
    expect(await instances()).toHaveLength(1);
  });

  it('is failed by nobody who knew it in an earlier state', async () => {
    bench.agent.fate = () => ({ observed: 'checking' });
    const id = await bench.push();
    await bench.until(id, (state) => state === 'checking');
    const late = new AppError('deployment_timed_out', { detail: 'Its instances did not start in time.' });
    await bench.module.get(DeploymentRun).fail(id, late, 'starting');
    expect(await bench.stateOf(id)).toBe('checking');
    await bench.module.get(DeploymentRun).fail(id, late, 'checking');
    expect(await bench.stateOf(id)).toBe('failed');
  });

  it('does not switch traffic to instances of which nothing was heard for long, and does once their node reports', async () => {
    bench.agent.fate = () => ({ observed: 'checking' });
    const id = await bench.push();
    await bench.until(id, (state) => state === 'checking');
    const looks = vi.spyOn(bench.module.get(InstancesService), 'withNodes');
    // As a process sees it that was frozen for 90 s, and in which no report could arrive.
    await bench.dataSource.query(`update nodes set last_seen_at = now() - interval '90 s'`);
    await bench.dataSource.query(`update instances set observed = 'healthy'`);
    const seen = async () => (await Promise.all(looks.mock.results.map(({ value }) => value))).flat();
    await waitFor(async () => (await seen()).some(({ observed }) => observed === 'healthy'), { timeoutMs: 10_000, what: 'a look at the healthy instances' });
    expect(await bench.stateOf(id)).toBe('checking');
    bench.agent.fate = () => ({ observed: 'healthy' });
    await bench.agent.reconcile();
    expect(await bench.untilOver(id)).toBe('live');
  });

  it('acts on nothing that was true before its transaction and is no longer', async () => {
    bench.agent.fate = () => ({ observed: 'checking' });
    const id = await bench.push();
    await bench.until(id, (state) => state === 'checking');
    const deployment = await bench.dataSource.manager.findOneByOrFail(Deployment, { id });
    const seen = ['before', undefined, 'again', 'held'];
    const acts: unknown[] = [];
    const acted = await bench.module.get(Waiting).thenAct(deployment, { timeoutMs: 10_000 }, async () => seen.shift(), async (_, what) => acts.push(what));
    expect([acted, acts]).toEqual([1, ['held']]);
  });

  it('ends when its app was deleted and whoever deleted it died before cancelling it', async () => {
    bench.agent.fate = () => ({ observed: 'checking' });
    const id = await bench.push();
    await bench.until(id, (state) => state === 'checking');
    await bench.dataSource.query('update environments set deleted_at = now()');
    await bench.module.get(Sweeper).sweep();
    expect(await bench.untilOver(id)).toBe('cancelled');
    await expect(bench.push()).rejects.toMatchObject({ code: 'not_found' });
  });

  it('goes live although Redis forgot all of its jobs in the middle of the build', async () => {
    bench.agent.holdBuilds = true;
    const id = await bench.push();
    await waitFor(() => bench.agent.builtIds.length === 1, { timeoutMs: 10_000, what: 'the build' });
    await bench.forgetJobs();
    bench.agent.holdBuilds = false;
    await bench.module.get(Sweeper).sweep();
    expect(await bench.untilOver(id)).toBe('live');
    expect(bench.agent.builtIds.length).toBeGreaterThan(1);
  });

  it('that waited while its branch moved on does not overwrite what came in, unless it was forced', async () => {
    const repositories = bench.module.get(Repositories);
    await repositories.create('myapp');
    const commit = async (...parents: string[]) => {
      const [path, author] = [repositories.pathOf('myapp'), 'Ada <ada@example.com> 1700000000 +0000'];
      const tree = (await runGit(['-C', path, 'mktree'])).toString().trim();
      const headers = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${author}`, `committer ${author}`];
      return (await runGit(['-C', path, 'hash-object', '-t', 'commit', '-w', '--stdin'], `${headers.join('\n')}\n\n${randomUUID()}\n`)).toString().trim();
    };
    const gitRef = 'refs/heads/main';
    const base = await commit();
    const [left, right] = [await commit(base), await commit(base)];
    await repositories.moveRef('myapp', gitRef, base, null);
    const first = await bench.push(undefined, undefined, { gitRef, gitOld: base, gitNew: left });
    await bench.until(first, (state) => state !== 'queued');
    const second = await bench.push(undefined, undefined, { gitRef, gitOld: base, gitNew: right });
    expect(await bench.untilOver(second)).toBe('failed');
    expect((await bench.deployments.view(second)).failure).toEqual({ code: 'conflict', detail: 'The branch moved while this waited. Fetch, look at what came in, and push again.' });
    expect(await bench.stateOf(first)).toBe('live');
    const forced = await bench.push(undefined, undefined, { gitRef, gitOld: left, gitNew: right });
    expect(await bench.untilOver(forced)).toBe('live');
    expect((await runGit(['-C', repositories.pathOf('myapp'), 'rev-parse', gitRef])).toString().trim()).toBe(right);
  });

  it('can be followed from where a follower broke off, with nothing missing and nothing twice', async () => {
    const id = await bench.push();
    const all = await eventsOf(id);
    const rest = await eventsOf(id, 4);
    expect(rest).toEqual(all.slice(4));
  });
});

describe('without a build', () => {
  it('a rollback is a new release of the earlier image and config', async () => {
    await bench.untilOver(await bench.push());
    await bench.untilOver(await bench.push());
    const back = await bench.deployments.rollBack(bench.environmentId, null, moloItself);
    expect(await bench.untilOver(back.id)).toBe('live');
    const rows = await bench.dataSource.query('select number, image_id, reason from releases order by number');
    expect(rows).toMatchObject([{ number: 1 }, { number: 2 }, { number: 3, reason: 'rollback', image_id: rows[0].image_id }]);
    expect(bench.agent.builtIds).toHaveLength(2);
  });

  it('scaling up keeps the running instances and adds the missing ones', async () => {
    await bench.untilOver(await bench.push());
    const before: { id: string }[] = await bench.dataSource.query('select id from instances where gone_at is null');
    await bench.dataSource.query(`update environments set formation = '{"web": 3}'`);
    const id = await bench.change('scale');
    expect(await bench.untilOver(id!)).toBe('live');
    const after: { id: string; serving: boolean }[] = await bench.dataSource.query('select id, serving from instances where gone_at is null');
    expect(after).toHaveLength(3);
    expect(after.every((instance) => instance.serving)).toBe(true);
    expect(after.map((instance) => instance.id)).toContain(before[0]!.id);
  });

  it('a scaling whose new instances fail leaves those that ran serving', async () => {
    const first = await bench.push();
    await bench.untilOver(first);
    bench.agent.fate = (instance) => (instance.index === 1 ? { observed: 'healthy' } : { observed: 'failed', failure: { code: 'instance_exited', detail: 'It ended with code 1.' }, exitCode: 1 });
    await bench.dataSource.query(`update environments set formation = '{"web": 3}'`);
    const id = await bench.change('scale');
    expect(await bench.untilOver(id!)).toBe('failed');
    await waitFor(async () => (await instances()).length === 1, { timeoutMs: 10_000, what: 'the new instances to go' });
    expect(await instances()).toEqual([{ process_type: 'web', desired: 'running', serving: true, deployment_id: first }]);
  });

  it('scaling down ends those over', async () => {
    await bench.dataSource.query(`update environments set formation = '{"web": 3}'`);
    await bench.untilOver(await bench.push());
    await bench.dataSource.query(`update environments set formation = '{"web": 1}'`);
    const id = await bench.change('scale');
    expect(await bench.untilOver(id!)).toBe('live');
    expect(await instances()).toHaveLength(1);
  });

  it('a redeploy starts fresh instances of the same release', async () => {
    await bench.untilOver(await bench.push());
    const again = await bench.deployments.redeploy(bench.environmentId, moloItself);
    expect(await bench.untilOver(again.id)).toBe('live');
    expect(await instances()).toMatchObject([{ deployment_id: again.id }]);
    expect((await bench.deployments.view(again.id)).release?.number).toBe(1);
  });
});
