import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitFor } from '@molo/testkit';
import { moloItself } from '../access/caller.js';
import { Log } from '../log.js';
import { DeploymentMover, MovedOnError } from './deployment-mover.js';
import { createApp, LifecycleBench } from './lifecycle-bench.js';

let bench: LifecycleBench;

beforeEach(async () => {
  bench = await LifecycleBench.start();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('one environment', () => {
  it('deploys one push at a time: of those that wait the newest wins and the rest say that they were superseded', async () => {
    bench.agent.holdBuilds = true;
    const running = await bench.push();
    await waitFor(() => bench.agent.builtIds.length === 1, { timeoutMs: 10_000, what: 'the first build' });
    const waiting = await Promise.all([bench.push(), bench.push(), bench.push(), bench.push()]);
    const states = await Promise.all(waiting.map((id) => bench.stateOf(id)));
    expect(states.filter((state) => state === 'queued')).toHaveLength(1);
    expect(states.filter((state) => state === 'cancelled')).toHaveLength(3);
    bench.agent.holdBuilds = false;
    await bench.deployments.cancel(running, moloItself);
    expect(await bench.untilOver(running)).toBe('cancelled');
    const winner = waiting[states.indexOf('queued')]!;
    expect(await bench.untilOver(winner)).toBe('live');
    const superseded = waiting.filter((id) => id !== winner);
    for (const id of superseded) expect((await bench.deployments.view(id)).failure?.code).toBe('deployment_superseded');
  });

  it('drops nothing that a newer change does not bring: a push and a config change wait behind each other in their order', async () => {
    await bench.untilOver(await bench.push());
    bench.agent.holdBuilds = true;
    const built = bench.agent.builtIds.length;
    const running = await bench.push();
    await waitFor(() => bench.agent.builtIds.length > built, { timeoutMs: 10_000, what: 'the build of the running one' });
    const pushed = await bench.push();
    const change = (reason: 'config' | 'scale') => bench.change(reason);
    const scaled = (await change('scale'))!;
    const configured = (await change('config'))!;
    const { id: redeployed } = await bench.deployments.redeploy(bench.environmentId, moloItself);
    expect(await Promise.all([pushed, scaled, configured, redeployed].map((id) => bench.stateOf(id)))).toEqual(['queued', 'cancelled', 'queued', 'queued']);
    bench.agent.holdBuilds = false;
    await bench.deployments.cancel(running, moloItself);
    for (const id of [pushed, configured, redeployed]) expect(await bench.untilOver(id)).toMatch(/live|superseded/);
    const [first, second, third] = await Promise.all([pushed, configured, redeployed].map((id) => bench.deployments.view(id)));
    expect(first!.release!.number).toBeLessThan(second!.release!.number);
    expect(third!.release!.number).toBe(second!.release!.number);
    expect(third!.state).toBe('live');
  });

  it('keeps their order when the clock is set back between two that wait', async () => {
    await bench.untilOver(await bench.push());
    bench.agent.holdBuilds = true;
    const running = await bench.push();
    await waitFor(() => bench.agent.builtIds.length > 1, { timeoutMs: 10_000, what: 'the build of the running one' });
    const pushed = await bench.push();
    await bench.dataSource.query(`update deployments set created_at = created_at + interval '1 hour' where id = $1`, [pushed]);
    const configured = await bench.change('config');
    bench.agent.holdBuilds = false;
    await bench.deployments.cancel(running, moloItself);
    expect(await bench.untilOver(configured!)).toBe('live');
    expect(await bench.stateOf(pushed)).toBe('superseded');
  });

  it('takes twenty changes at once: the newest goes live, and the next one too', async () => {
    await bench.untilOver(await bench.push());
    for (let round = 0; round < 5; round++) {
      const change = () => bench.change('config');
      const ids = await Promise.all(Array.from({ length: 20 }, change));
      for (const id of ids) expect(['live', 'superseded', 'cancelled']).toContain(await bench.untilOver(id!));
      const states = await Promise.all(ids.map((id) => bench.stateOf(id!)));
      expect(states.filter((state) => state === 'live')).toHaveLength(1);
    }
  });

  it('lets one of twenty movers move a deployment', async () => {
    const id = await bench.push();
    await bench.untilOver(id);
    const mover = bench.module.get(DeploymentMover);
    const moves = await Promise.allSettled(
      Array.from({ length: 20 }, () => bench.dataSource.transaction((manager) => mover.move(manager, id, 'live', 'superseded'))),
    );
    expect(moves.filter((move) => move.status === 'fulfilled')).toHaveLength(1);
    expect(moves.filter((move) => move.status === 'rejected' && move.reason instanceof MovedOnError)).toHaveLength(19);
  });
});

describe('many environments at once', () => {
  it("take no lock in each other's way, whether deployments go live or are cancelled at any moment", async () => {
    const warn = vi.spyOn(bench.module.get(Log), 'warn');
    const apps = await Promise.all(Array.from({ length: 16 }, (_, index) => createApp(bench.dataSource, `app-${index}`)));
    const deployTwice = async ({ appId }: { appId: string }, index: number) => {
      await bench.untilOver(await bench.push(undefined, appId));
      const second = await bench.push(undefined, appId);
      // Those that are over, or past the switch, refuse.
      if (index % 2 === 0) await bench.deployments.cancel(second, moloItself).catch((error: unknown) => expect(error).toMatchObject({ code: 'conflict' }));
      return bench.untilOver(second);
    };
    const ends = await Promise.all(apps.map(deployTwice));
    expect(ends.filter((_, index) => index % 2 === 1)).toEqual(Array.from({ length: 8 }, () => 'live'));
    expect(ends.filter((end) => end !== 'live' && end !== 'cancelled')).toEqual([]);
    // A deadlock would have cost a job an attempt.
    expect(warn.mock.calls.filter(([, message]) => message === 'job is tried again')).toEqual([]);
  });
});
