import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { api, type Deployment, type DeploymentState, isFinal } from '@molo/contracts';
import { Queues } from '@molo/queue';
import { waitFor } from '@molo/testkit';
import { type Caller, moloItself } from '../access/caller.js';
import { BuildsService } from '../builds/builds.service.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { SimulatedAgent } from '../deployments/simulated-agent.js';
import { DesiredService } from '../nodes/desired.service.js';
import { NodeReports } from '../nodes/node-reports.js';
import { NodesService } from '../nodes/nodes.service.js';
import { ObservedService } from '../nodes/observed.service.js';
import { type As, TestControlPlane } from '../test-control-plane.js';

export let platform: TestControlPlane;
export let agent: SimulatedAgent;
export let developer: As;
export let sysadmin: As;
/** An app of its own for each test, whose production has a live release and is protected. */
export let there: { app: string; environment: string };
export const headers = { 'x-molo-csrf': '1' };
/** By git, with no right to administer. */
const pusher: Caller = { ...moloItself, kind: 'user', name: 'Ada', role: 'developer', rights: ['any', 'read', 'deploy'] };

/** One platform with an agent for the specs of a file, and for each of them an app whose production is live and protected. */
export function withApprovalBed(): void {
  beforeAll(async () => {
    platform = await TestControlPlane.start();
    const get = platform.app.get.bind(platform.app);
    const [node] = await get(NodesService).list();
    agent = new SimulatedAgent(node?.id ?? '', { queues: get(Queues), desired: get(DesiredService), observed: get(ObservedService), builds: get(BuildsService), reports: get(NodeReports) });
    await agent.start();
    developer = await platform.makeSession(await platform.makeUser('developer'));
    sysadmin = await platform.makeSession(await platform.makeUser('sysadmin'));
  });

  afterAll(async () => {
    agent.stop();
    await platform[Symbol.asyncDispose]();
  });

  let apps = 0;
  beforeEach(async () => {
    there = { app: `app-${(apps += 1)}`, environment: 'production' };
    await platform.call(api.createApp, { body: { name: there.app } });
    await platform.call(api.updateConfig, { params: there, body: { set: { GREETING: 'hello' } } });
    await untilLive(await push({ caller: moloItself }));
    await platform.call(api.updateEnvironment, { params: there, body: { protected: true } });
  });
}

export async function push({ caller = pusher, environmentName = 'production', commitId = randomUUID().replaceAll('-', '').padEnd(40, '0'), versionTag = null }: { caller?: Caller; environmentName?: string; commitId?: string; versionTag?: string | null } = {}): Promise<string> {
  const { ok } = await platform.call(api.getApp, { params: there });
  const commit = { id: commitId, subject: 'Change a line', author: 'Ada' };
  const facts = { appId: ok.id, environmentName, commit, treeId: randomUUID().replaceAll('-', '').padEnd(40, '0'), sourceDigest: `sha256:${'a'.repeat(64)}`, sourceBytes: 1000, versionTag, gitRef: 'refs/heads/main', gitOld: '', gitNew: '', caller };
  return (await platform.app.get(DeploymentsService).push(facts)).deploymentId;
}

export const view = async (deploymentId: string): Promise<Deployment> => (await platform.call(api.getDeployment, { params: { deploymentId } })).ok;

export async function until(id: string, isIt: (state: DeploymentState) => boolean): Promise<Deployment> {
  return await waitFor(async () => {
    const deployment = await view(id);
    return isIt(deployment.state) && deployment;
  }, { timeoutMs: 20_000, what: 'the state of a deployment' });
}

export async function untilLive(id: string): Promise<Deployment> {
  const deployment = await until(id, isFinal);
  expect([deployment.state, deployment.failure]).toEqual(['live', null]);
  return deployment;
}

export const untilAwaiting = async (id: string) => await until(id, (state) => state === 'awaiting_approval');
export const approve = async (deploymentId: string, body: object = {}, as = sysadmin) => await platform.call(api.approveDeployment, { params: { deploymentId }, body, as, headers });
export const decline = async (deploymentId: string, body: object = {}, as = sysadmin) => await platform.call(api.declineDeployment, { params: { deploymentId }, body, as, headers });
export const changes = async (deploymentId: string) => await platform.call(api.getDeploymentChanges, { params: { deploymentId }, as: developer });
export const configure = async (body: object, as = developer) => (await platform.call(api.updateConfig, { params: there, body, as, headers })).ok;
export const configNow = async () => Object.fromEntries((await platform.call(api.getConfig, { params: there })).ok.items.map(({ key, value }) => [key, value]));
export const live = async () => (await platform.call(api.getEnvironment, { params: there })).ok.liveRelease?.number;
