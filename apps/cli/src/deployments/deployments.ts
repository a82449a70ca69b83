import { AppError, type Approval, type Deployment, EnvironmentName, Id, isFinal, type Undone } from '@molo/contracts';
import { checkName, type Cli, type CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { ago, duration } from '../terminal/measures.js';
import { stateOf } from '../terminal/states.js';
import { receiptLine, settle } from './follow.js';
import { line } from '../terminal/piece.js';

interface ListOptions extends CommonOptions {
  readonly limit: number;
}

export async function listDeployments(cli: Cli, options: ListOptions): Promise<void> {
  const client = await cli.client();
  const params = await cli.target();
  const deployments = await readPages((query) => client.listDeployments({ params, query }), options.limit);
  if (cli.isJson) return cli.terminal.json(deployments);
  if (deployments.length === 0) return cli.terminal.note(line`Nothing was deployed to ${params.environment} of ${params.app} yet. Deploy with: molo deploy`);
  cli.terminal.table(deployments, [
    { title: 'DEPLOYMENT', value: (deployment) => deployment.id },
    { title: 'STATE', value: (deployment) => stateOf(deployment.state) },
    { title: 'RELEASE', value: (deployment) => (deployment.release ? `v${deployment.release.number}` : null) },
    { title: 'VERSION', value: (deployment) => deployment.release?.version ?? null },
    { title: 'REASON', value: (deployment) => deployment.reason },
    { title: 'BY', value: (deployment) => deployment.actor.name },
    { title: 'WHEN', value: (deployment) => ago(deployment.createdAt) },
    { title: 'RESULT', value: resultOf },
  ]);
}

function resultOf(deployment: Deployment): string | null {
  if (deployment.failure) return `${wasLive(deployment) ? 'did not settle: ' : ''}${deployment.failure.detail}`;
  if (deployment.undoes) return `undoes v${deployment.undoes.release.number}, which did not settle: ${deployment.undoes.failure.detail}`;
  return deployment.receipt && `${duration(deployment.receipt.durationMs)}, ${deployment.receipt.requests} requests, ${deployment.receipt.failed} failed`;
}

/** A failure of such a one is the death of an instance while the release settled. */
function wasLive({ state }: Deployment): boolean {
  return state === 'live' || state === 'superseded';
}

export async function showDeployment(cli: Cli, _options: CommonOptions, id: string): Promise<void> {
  const deployment = await (await cli.client()).getDeployment({ params: { deploymentId: checkId(id) } });
  if (cli.isJson) return cli.terminal.json(deployment);
  cli.terminal.say(line`Deployment  ${deployment.id}`);
  cli.terminal.say(line`App         ${deployment.app}, ${deployment.environment}`);
  cli.terminal.say(line`State       ${stateOf(deployment.state)}`);
  if (deployment.release) cli.terminal.say(line`Release     v${deployment.release.number} ${deployment.release.version ?? ''}`);
  if (deployment.commit) cli.terminal.say(line`Commit      ${deployment.commit.id.slice(0, 10)} ${deployment.commit.subject}`);
  cli.terminal.say(line`Started     ${ago(deployment.createdAt)} by ${deployment.actor.name} (${deployment.reason})`);
  if (deployment.promotedFrom) cli.terminal.say(line`From        v${deployment.promotedFrom.release.number} ${deployment.promotedFrom.release.version ?? ''} of ${deployment.promotedFrom.environment}`);
  if (deployment.approval) tellApproval(cli, deployment.approval);
  if (deployment.receipt) cli.terminal.say(line`Receipt     ${receiptLine(deployment.receipt)}`);
  if (deployment.undoes) tellUndone(cli, deployment.undoes);
  if (deployment.failure) cli.terminal.say(line`Failure     ${wasLive(deployment) ? 'It did not settle: ' : ''}${deployment.failure.detail}`);
}

function tellApproval(cli: Cli, { decision, by, at, word }: Approval): void {
  if (decision === null || at === null) cli.terminal.say(line`Approval    waits for a sysadmin: molo approve`);
  else cli.terminal.say(line`Approval    ${decision} ${ago(at)} by ${by?.name ?? '-'}${word === null ? '' : `: ${word}`}`);
}

interface PromoteOptions extends FollowOptions {
  readonly from: string;
  readonly to: string;
}

/** The image that is live in one environment, or that of a release of it, in another. */
export async function promote(cli: Cli, { from, to, detach }: PromoteOptions, release: number | undefined): Promise<number> {
  const [source, environment] = [from, to].map((name) => checkName(EnvironmentName, name, 'environment')) as [string, string];
  const params = { app: await cli.app(), environment };
  const deployment = await (await cli.client()).promote({ params, body: { from: source, ...(release === undefined ? {} : { release }) } });
  return settle(cli, deployment, detach);
}

function tellUndone(cli: Cli, { deploymentId, release, failure }: Undone): void {
  cli.terminal.say(line`Undoes      ${deploymentId}: v${release.number} did not settle: ${failure.detail}`);
}

export async function cancel(cli: Cli, _options: CommonOptions, id: string | undefined): Promise<void> {
  const client = await cli.client();
  const deployment = await client.cancelDeployment({ params: { deploymentId: id === undefined ? await activeDeployment(cli) : checkId(id) }, body: {} });
  if (cli.isJson) return cli.terminal.json(deployment);
  const isOver = isFinal(deployment.state);
  cli.terminal.say(line`Deployment ${deployment.id} is ${isOver ? stateOf(deployment.state) : 'being cancelled'}.`);
}

async function activeDeployment(cli: Cli): Promise<string> {
  const { app, environment } = await cli.target();
  const { environments } = await (await cli.client()).getApp({ params: { app } });
  const active = environments.find(({ name }) => name === environment)?.activeDeployment;
  if (!active) throw new AppError('conflict', { detail: `Nothing is being deployed to ${environment} of ${app}. molo deployments lists what was.` });
  return active.id;
}

interface FollowOptions extends CommonOptions {
  readonly detach?: boolean;
}

export async function rollBack(cli: Cli, options: FollowOptions, release: number | undefined): Promise<number> {
  const client = await cli.client();
  const deployment = await client.rollBack({ params: await cli.target(), body: release === undefined ? {} : { release } });
  return settle(cli, deployment, options.detach);
}

export async function redeploy(cli: Cli, options: FollowOptions): Promise<number> {
  const client = await cli.client();
  return settle(cli, await client.redeploy({ params: await cli.target(), body: {} }), options.detach);
}

export function checkId(id: string): string {
  if (Id.safeParse(id).success) return id;
  throw new AppError('invalid_input', { detail: `${JSON.stringify(id)} is not the id of a deployment. molo deployments lists them.` });
}
