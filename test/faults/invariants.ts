import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Deployment, isFinal } from '@molo/contracts';
import { waitFor } from '@molo/testkit';
import { command, setting } from '../e2e/platform.js';
import type { FaultBed } from './fault-bed.js';

/** What must hold after a fault, whatever it was. @param isTrafficCut the fault itself failed requests, which a true receipt counts */
export async function expectInvariants(bed: FaultBed, deployment: Deployment, { isTrafficCut = false } = {}): Promise<void> {
  expectEnded(deployment);
  await expectWholeStream(bed, deployment);
  await expectNoOrphans(bed);
  if (!isTrafficCut) expectTrueReceipt(deployment);
  await expectNoneTwice(bed);
}

/** Live, or over with a reason that a person can read. */
function expectEnded({ state, failure }: Deployment): void {
  expect(isFinal(state)).toBe(true);
  if (state === 'failed' || state === 'cancelled') expect(failure?.detail).toMatch(/\w{3,}/);
}

/** Numbered without a gap, and the same to whoever joins in the middle. */
async function expectWholeStream(bed: FaultBed, { id }: Deployment): Promise<void> {
  const whole = await bed.eventsOf(id);
  expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, index) => index + 1));
  const middle = Math.floor(whole.length / 2);
  expect(await bed.eventsOf(id, middle)).toEqual(whole.slice(middle));
}

/** Containers, networks and routes are those of what is wanted, and no others. */
async function expectNoOrphans(bed: FaultBed): Promise<void> {
  for (const { app } of [bed.subject, bed.bystander]) {
    const settled = async () => JSON.stringify(await bed.containersOf(app)) === JSON.stringify(await bed.instancesOf(app));
    await waitFor(settled, { timeoutMs: 45_000, what: `the containers of ${app} to be its instances` });
  }
  const { items } = await bed.molo.listApps({ query: { limit: 200 } });
  const known = new Set(items.map(({ name }) => name));
  const { stdout } = await command('docker', ['network', 'ls', '--filter', 'label=molo.managed=true', '--format', '{{.Name}}']);
  const networks = stdout.split('\n').filter((name) => name.startsWith(`molo-${bed.subject.app.split('-')[0]}-`));
  for (const name of networks) expect([...known].some((app) => name === `molo-${app}-production`), name).toBe(true);
  const hosts = (await readFile(join(setting('MOLO_HOME'), 'ingress/maps/hosts.map'), 'utf8')).split('\n').filter(Boolean);
  for (const line of hosts) expect(known.has(line.split('.')[0] ?? ''), line).toBe(true);
}

/** A release that went live did nothing to traffic, and says so. */
function expectTrueReceipt({ state, receipt }: Deployment): void {
  if (state !== 'live' && state !== 'superseded') return;
  expect(receipt).toMatchObject({ failed: 0, connectionsDropped: 0 });
}

/** One deployment for each push, one number for each release. */
async function expectNoneTwice(bed: FaultBed): Promise<void> {
  const deployments = await bed.deployments();
  const commits = deployments.flatMap(({ commit, reason }) => (commit && reason === 'push' ? [commit.id] : []));
  expect(new Set(commits).size).toBe(commits.length);
  const { items } = await bed.molo.listReleases({ params: { app: bed.subject.app, environment: 'production' }, query: { limit: 200 } });
  expect(new Set(items.map(({ number }) => number)).size).toBe(items.length);
}

/** Nobody's request failed and nobody's socket dropped. */
export function expectNothingLost(bed: FaultBed): void {
  for (const who of ['bystander', 'subject'] as const) {
    const { counts, failures } = bed.traffic[who];
    expect(failures, who).toEqual([]);
    expect(counts, who).toMatchObject({ failed: 0, socketsDropped: 0 });
  }
}
