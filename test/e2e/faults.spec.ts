import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { command, molo, moloJson, setting, visit, WorkingCopy } from './platform.js';

/** runit writes the process id of what it keeps. */
async function pidOf(service: string): Promise<number> {
  return Number(await readFile(join(setting('MOLO_HOME'), 'services', service, 'supervise/pid'), 'utf8'));
}

async function kill9(service: string): Promise<void> {
  const pid = await pidOf(service);
  process.kill(pid, 'SIGKILL');
  await waitFor(async () => (await pidOf(service)) !== pid && (await pidOf(service)) > 0, { timeoutMs: 30_000, what: `${service} to come back` });
}

describe('kill -9 in the middle of a deployment', () => {
  let copy: WorkingCopy;
  let number = 0;

  beforeAll(async () => {
    copy = await WorkingCopy.of('phoenix');
    await copy.commitFixture('myapp/1.0');
    const { code, stderr } = await copy.push();
    if (code !== 0) throw new Error(stderr);
  });

  afterAll(async () => {
    await copy[Symbol.asyncDispose]();
  });

  it.each(['control-plane', 'agent', 'redis', 'postgres', 'registry'])('of %s: the deployment ends live or with a reason, and the app serves throughout', async (service) => {
    await copy.write('change.txt', `${++number}\n`);
    await copy.commit(`Change ${number}`);
    const failures: string[] = [];
    let serving = true;
    const visitor = (async () => {
      while (serving) {
        const status = await visit('phoenix', '/version').then(({ status }) => String(status), (error: Error) => error.message);
        if (status !== '200') failures.push(status);
      }
    })();
    try {
      await copy.untilPushStarts();
      await kill9(service);
      await waitFor(async () => isOver((await newest()).state), { timeoutMs: 90_000, what: `the deployment to end after ${service} died` });
    } finally {
      serving = false;
      await visitor;
    }
    const deployment = await newest();
    if (deployment.state === 'failed') expect(deployment.failure?.detail).toMatch(/\w/);
    expect(failures).toEqual([]);
    expect((await visit('phoenix', '/version')).status).toBe(200);
  });

  it('of HAProxy: it serves the same again within seconds, without the agent', async () => {
    await kill9('haproxy');
    await waitFor(async () => (await visit('phoenix', '/version').catch(() => null))?.status === 200, { timeoutMs: 5000, what: 'the ingress to serve' });
  });

  it('goes on deploying afterwards', async () => {
    await copy.write('change.txt', 'last\n');
    await copy.commit('Last change');
    expect(await copy.push()).toMatchObject({ code: 0 });
    const { stdout } = await command('docker', ['ps', '--quiet', '--filter', 'label=molo.app=phoenix']);
    await waitFor(async () => (await command('docker', ['ps', '--quiet', '--filter', 'label=molo.app=phoenix'])).stdout.trim().split('\n').length === 1, { timeoutMs: 30_000, what: `one container to be left of ${stdout}` });
  });

  async function newest(): Promise<Deployment> {
    const [deployment] = await untilAnswers();
    return deployment!;
  }

  /** The API may be away for a moment: that is what is being tested. */
  async function untilAnswers(): Promise<Deployment[]> {
    let seen: Deployment[] = [];
    await waitFor(async () => {
      const { code, stdout } = await molo('deployments', '--app', 'phoenix', '--json');
      if (code === 0) seen = JSON.parse(stdout) as Deployment[];
      return code === 0;
    }, { timeoutMs: 30_000, what: 'the control plane to answer' });
    return seen;
  }
});

function isOver(state: Deployment['state']): boolean {
  return ['live', 'superseded', 'failed', 'cancelled'].includes(state);
}

describe('npm stop', () => {
  it('leaves the apps serving, and npm start adopts them', async () => {
    const copy = await WorkingCopy.of('lighthouse');
    await copy.commitFixture('static-site');
    expect(await copy.push()).toMatchObject({ code: 0 });
    const before = await moloJson<{ id: string }[]>('ps', '--app', 'lighthouse');
    const environment = { MOLO_HOME: setting('MOLO_HOME') };
    expect(await command('node', ['infra/bootstrap.mjs', 'stop'], { env: environment })).toMatchObject({ code: 0 });
    expect((await visit('lighthouse')).status).toBe(200);
    expect((await command('node', ['infra/bootstrap.mjs', 'status'], { env: environment })).code).toBe(3);
    expect(await command('node', ['infra/bootstrap.mjs', 'start'], { env: environment })).toMatchObject({ code: 0 });
    await waitFor(async () => (await molo('ps', '--app', 'lighthouse')).code === 0, { timeoutMs: 30_000, what: 'the control plane' });
    expect((await moloJson<{ id: string }[]>('ps', '--app', 'lighthouse')).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect((await visit('lighthouse')).status).toBe(200);
    await copy[Symbol.asyncDispose]();
  });
});
