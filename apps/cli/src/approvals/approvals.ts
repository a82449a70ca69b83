import { AppError, type ConfigDifference, type Deployment, type DeploymentChanges } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { checkId } from '../deployments/deployments.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { bold, dim, green, type Line, line, type Piece, red, yellow } from '../terminal/piece.js';

interface DecisionOptions extends CommonOptions {
  readonly word?: string;
}

export async function listApprovals(cli: Cli): Promise<void> {
  const client = await cli.client();
  const waiting = await readPages((query) => client.listApprovals({ query }));
  if (cli.isJson) return cli.terminal.json(waiting);
  if (waiting.length === 0) return cli.terminal.note(line`Nothing waits for approval.`);
  cli.terminal.table(waiting, [
    { title: 'DEPLOYMENT', value: (deployment) => deployment.id },
    { title: 'APP', value: (deployment) => deployment.app },
    { title: 'ENVIRONMENT', value: (deployment) => deployment.environment },
    { title: 'REASON', value: (deployment) => deployment.reason },
    { title: 'VERSION', value: (deployment) => deployment.release?.version ?? null },
    { title: 'BY', value: (deployment) => deployment.actor.name },
    { title: 'WHEN', value: (deployment) => ago(deployment.createdAt) },
    { title: 'COMMIT', value: ({ commit }) => commit && `${commit.id.slice(0, 10)} ${commit.subject}` },
  ]);
}

export async function showChanges(cli: Cli, _options: CommonOptions, id: string | undefined): Promise<void> {
  const deploymentId = await waitingDeployment(cli, id);
  const changes = await (await cli.client()).getDeploymentChanges({ params: { deploymentId } });
  if (cli.isJson) return cli.terminal.json(changes);
  tellChanges(changes, (text) => cli.terminal.say(text));
}

export async function approve(cli: Cli, options: DecisionOptions, id: string | undefined): Promise<void> {
  const deploymentId = await waitingDeployment(cli, id);
  const client = await cli.client();
  const [deployment, changes] = await Promise.all([client.getDeployment({ params: { deploymentId } }), client.getDeploymentChanges({ params: { deploymentId } })]);
  tellChanges(changes, (text) => cli.terminal.note(text));
  await confirm(cli.terminal, `This goes live in ${deployment.environment} of ${deployment.app}; ${deployment.actor.name} asked for it (${deployment.reason}).`, 'yes', options.yes);
  const approved = await client.approveDeployment({ params: { deploymentId }, body: { version: changes.version, ...wordOf(options) } });
  if (cli.isJson) return cli.terminal.json(approved);
  cli.terminal.say(line`Approved ${deploymentId}. Join it with: molo logs --deployment ${deploymentId}`);
}

export async function decline(cli: Cli, options: DecisionOptions, id: string | undefined): Promise<void> {
  const deploymentId = await waitingDeployment(cli, id);
  const declined = await (await cli.client()).declineDeployment({ params: { deploymentId }, body: wordOf(options) });
  if (cli.isJson) return cli.terminal.json(declined);
  cli.terminal.say(line`Declined ${deploymentId}.`);
}

function wordOf({ word }: DecisionOptions): { word?: string } {
  return word === undefined ? {} : { word };
}

/** The one that is named, or the only one that waits in the environment. */
async function waitingDeployment(cli: Cli, id: string | undefined): Promise<string> {
  if (id !== undefined) return checkId(id);
  const { app, environment } = await cli.target();
  const client = await cli.client();
  const waiting = (await readPages((query) => client.listApprovals({ query }))).filter((each) => each.app === app && each.environment === environment);
  const [only, other] = waiting;
  if (!only) throw new AppError('not_found', { detail: `Nothing waits for approval in ${environment} of ${app}. molo approvals lists what waits elsewhere.` });
  if (other) throw new AppError('conflict', { detail: `${waiting.length} deployments wait in ${environment} of ${app}. Name one: ${waiting.map(nameOf).join(', ')}.` });
  return only.id;
}

function nameOf({ id, reason }: Deployment): string {
  return `${id} (${reason})`;
}

function tellChanges({ live, image, commit, config, formation }: DeploymentChanges, say: (text: Line) => void): void {
  say(line`Live now   ${live ? `v${live.number} ${live.version ?? ''}` : 'nothing'}`);
  say(line`Image      ${image.before === image.after ? dim('the same') : `${short(image.before)} → ${short(image.after)}`}`);
  if (commit.after && commit.before?.id !== commit.after.id) say(line`Commit     ${commit.before ? `${commit.before.id.slice(0, 10)} → ` : ''}${commit.after.id.slice(0, 10)} ${bold(commit.after.subject)} (${commit.after.author})`);
  for (const each of commit.added) say(line`  ${green('+')} ${each.id.slice(0, 10)} ${each.subject} (${each.author})`);
  for (const each of commit.removed) say(line`  ${red('-')} ${each.id.slice(0, 10)} ${each.subject} (${each.author})`);
  say(line`Config     ${config.length === 0 ? dim('the same') : ''}`);
  for (const each of config) say(configLine(each));
  say(line`Formation  ${formation.length === 0 ? dim('the same') : formation.map(({ processType, before, after }) => `${processType} ${before ?? 'none'} → ${after ?? 'none'}`).join(', ')}`);
}

function configLine({ key, kind, secret, before, after }: ConfigDifference): Line {
  const mark: Piece = kind === 'added' ? green('+') : kind === 'removed' ? red('-') : yellow('~');
  if (secret) return line`  ${mark} ${key} ${dim(`(secret, ${kind})`)}`;
  return line`  ${mark} ${key} ${kind === 'changed' ? `${before ?? ''} → ${after ?? ''}` : (after ?? before ?? '')}`;
}

function short(digest: string | null): string {
  return digest === null ? 'none' : digest.replace('sha256:', '').slice(0, 12);
}
