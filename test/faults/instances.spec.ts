import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment, DeploymentEvent, Instance } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { command, molo, moloJson, visit, WorkingCopy } from '../e2e/platform.js';
import { FaultBed } from './fault-bed.js';
import { expectNothingLost } from './invariants.js';

/** Enough that each waits for two seconds at an app that takes 50 ms for each, one after the other. */
const visitors = 40;

describe('an instance that misbehaves', () => {
  /** Its two apps are neighbours here, which must not notice anything. */
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.start('instances');
  });

  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });

  it('ignores SIGTERM: SIGKILL ends it after its grace, and the deployment goes well', async () => {
    await using copy = await delivered('deaf', 'bad/ignores-sigterm');
    const since = await engineTime();
    await copy.commit('Once more');
    expect(await copy.push()).toMatchObject({ code: 0 });
    await waitFor(async () => (await endsOf('deaf', since)).length > 0, { timeoutMs: 30_000, what: 'the old instance to end' });
    expect(await signalsTo('deaf', since)).toEqual(['15', '9']);
    expect(await endsOf('deaf', since)).toEqual(['137']);
    expect(await newest('deaf')).toMatchObject({ state: 'live', failure: null, receipt: { failed: 0, connectionsDropped: 0 } });
    await waitFor(async () => JSON.stringify(await bed.containersOf('deaf')) === JSON.stringify(await bed.instancesOf('deaf')), { timeoutMs: 10_000, what: 'its container to go' });
    expectNothingLost(bed);
  });

  it('leaks memory: it is shown as killed for its memory and started again, and its neighbours serve', async () => {
    await using _copy = await delivered('leaky', 'bad/eats-memory');
    await visit('leaky', '/eat');
    const killed = await waitFor(async () => (await instancesOf('leaky')).find(({ outOfMemory }) => outOfMemory), { timeoutMs: 60_000, what: 'it to be killed' });
    expect(killed.restarts).toBeGreaterThan(0);
    expect((await molo('ps', '--app', 'leaky')).stdout).toMatch(/killed for using more (memory )?than its/);
    expect(await newest('leaky')).toMatchObject({ state: 'live', failure: { code: 'instance_out_of_memory' } });
    await waitFor(async () => (await visit('leaky')).status === 200, { timeoutMs: 30_000, what: 'it to serve again' });
    expectNothingLost(bed);
  });

  it('crashes again and again: it is started again each time and shown as backing off, with the reason', async () => {
    await using _copy = await delivered('loopy', 'bad/crash-loops');
    const looping = async () => (await instancesOf('loopy')).find(({ observed, restarts }) => observed === 'backing_off' && restarts >= 3);
    expect((await waitFor(looping, { timeoutMs: 90_000, what: 'it to crash three times' })).failure).toMatchObject({ code: 'instance_exited' });
    await waitFor(async () => /web\.1 .*backing off/.test((await molo('ps', '--app', 'loopy')).stdout), { timeoutMs: 30_000, what: 'it to be shown so' });
    const deployment = await newest('loopy');
    expect(deployment).toMatchObject({ state: 'live', failure: { code: 'instance_exited', detail: expect.stringContaining('lost the connection to the queue') as string } });
    expect(await stepsOf(deployment.id)).toContainEqual(expect.stringContaining('no earlier release'));
    expect(await deploymentsOf('loopy')).toHaveLength(1);
    expectNothingLost(bed);
  });

  it('passes its check and then dies: its release is rolled back by itself, and visitors see the one before again', async () => {
    await using copy = await delivered('fickle', 'myapp/1.0');
    await copy.commitFixture('bad/passes-then-dies');
    expect(await copy.push()).toMatchObject({ code: 0 });
    const undoing = await waitFor(async () => (await deploymentsOf('fickle')).find(({ undoes, state }) => undoes !== null && state === 'live'), { timeoutMs: 60_000, what: 'the rollback' });
    expect(undoing).toMatchObject({ reason: 'rollback', actor: { kind: 'molo' }, release: { number: 3, version: '1.0' } });
    expect(undoing.undoes?.failure.detail).toMatch(/ended with code 4\.[^]*relation "orders" does not exist/);
    expect((await visit('fickle', '/version')).headers['x-myapp-version']).toBe('1.0');
    const all = await deploymentsOf('fickle');
    expect(all.map(({ state, reason }) => [reason, state])).toEqual([['rollback', 'live'], ['push', 'superseded'], ['push', 'superseded']]);
    expect(await stepsOf(undoing.id)).toContainEqual(expect.stringMatching(/^v2 did not settle: .*Back to v1/));
    expectNothingLost(bed);
  });

  it('answers slowly under load: a deployment in the middle of it fails no request', async () => {
    await using copy = await delivered('slowly', 'bad/answers-slowly');
    let isOpen = true;
    const answers = new Map<string, number>();
    const visitor = async () => {
      while (isOpen) {
        const answer = await visit('slowly').then(({ status }) => String(status), (error: Error) => error.message);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    };
    const crowd = Array.from({ length: visitors }, visitor);
    await waitFor(() => (answers.get('200') ?? 0) > visitors, { timeoutMs: 30_000, what: 'the crowd to be there' });
    await copy.commit('Once more');
    const { code } = await copy.push();
    isOpen = false;
    await Promise.all(crowd);
    expect(code).toBe(0);
    expect([...answers.keys()]).toEqual(['200']);
    expect(await newest('slowly')).toMatchObject({ state: 'live', failure: null, receipt: { failed: 0, connectionsDropped: 0 } });
    expect((await newest('slowly')).receipt?.slowestMs).toBeGreaterThan(1000);
    expectNothingLost(bed);
  });

  async function stepsOf(deploymentId: string): Promise<string[]> {
    const events = await bed.eventsOf(deploymentId);
    return events.flatMap((event: DeploymentEvent) => (event.kind === 'step' ? [event.text] : []));
  }
});

/** An app whose first release is this fixture. */
async function delivered(app: string, fixture: string): Promise<WorkingCopy> {
  const copy = await WorkingCopy.of(app);
  await copy.commitFixture(fixture);
  const { code, stderr } = await copy.push();
  if (code !== 0) throw new Error(stderr);
  return copy;
}

const instancesOf = (app: string) => moloJson<Instance[]>('ps', '--app', app);
const deploymentsOf = (app: string) => moloJson<Deployment[]>('deployments', '--app', app);
async function newest(app: string): Promise<Deployment> {
  const [deployment] = await deploymentsOf(app);
  if (!deployment) throw new Error(`${app} has no deployment`);
  return deployment;
}

/** Seconds since 1970 by the clock of this machine, which is the engine's. */
async function engineTime(): Promise<string> {
  return (await command('date', ['+%s.%N'])).stdout.trim();
}

const signalsTo = (app: string, since: string) => engineEvents(app, since, 'kill', 'signal');
const endsOf = (app: string, since: string) => engineEvents(app, since, 'die', 'exitCode');

async function engineEvents(app: string, since: string, event: string, attribute: string): Promise<string[]> {
  const { stdout } = await command('docker', ['events', '--since', since, '--until', await engineTime(), '--filter', `label=molo.app=${app}`, '--filter', `event=${event}`, '--format', `{{.Actor.Attributes.${attribute}}}`]);
  return stdout.split('\n').filter(Boolean);
}
