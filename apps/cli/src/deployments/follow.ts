import { type Deployment, type DeploymentEvent, type DeploymentState, type Failure, isFinal, problems, type Receipt } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { exitCodes } from '../exit-codes.js';
import { bytes, count, duration } from '../terminal/measures.js';
import { bold, cyan, dim, green, type Line, line, red } from '../terminal/piece.js';

/** Writes a line: on stdout, or on stderr where stdout is kept for JSON. */
type Say = (text: Line) => void;

/** What commands do that started a deployment: follow it, or say how to; with --json print it as it stands then. */
export async function settle(cli: Cli, deployment: Deployment, detached: boolean | undefined): Promise<number> {
  if (!detached) return follow(cli, deployment.id, { untilAwaiting: true });
  if (cli.isJson) cli.terminal.json(deployment);
  else cli.terminal.say(line`Deployment ${deployment.id} is ${deployment.state}. Join it with: molo logs --deployment ${deployment.id}`);
  return exitCodes.ok.code;
}

/**
 * Shows a deployment's build log and steps until it ends. Ctrl-C stops the showing, not the deployment.
 * @param untilAwaiting no longer than until it waits for approval: that may take days
 */
export async function follow(cli: Cli, deploymentId: string, { untilAwaiting = false } = {}): Promise<number> {
  const detach = new AbortController();
  const interrupt = () => detach.abort();
  process.on('SIGINT', interrupt);
  try {
    const seen = await show(cli, deploymentId, detach.signal, untilAwaiting);
    const deployment = await (await cli.client()).getDeployment({ params: { deploymentId } }, { signal: detach.signal });
    // A release that was live when the stream told so may have been superseded since: it did succeed.
    return tellEnd(cli, deployment, seen ?? deployment.state);
  } catch (error) {
    if (!detach.signal.aborted) throw error;
    tellDetached(cli, deploymentId);
    return exitCodes.interrupted.code;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

export function tellDetached(cli: Cli, deploymentId: string): void {
  cli.terminal.note(line`\n${bold('Detached.')} The deployment goes on. Join it again with: molo logs --deployment ${deploymentId}`);
}

/** Returns the first state that the stream told with which the showing ends. */
async function show(cli: Cli, deploymentId: string, signal: AbortSignal, untilAwaiting: boolean): Promise<DeploymentState | undefined> {
  const say = sayOf(cli);
  let final: DeploymentState | undefined;
  const onReconnect = tellReconnects(cli);
  for await (const event of (await cli.client()).followDeployment({ params: { deploymentId } }, { signal, onReconnect })) {
    if (untilAwaiting && event.kind === 'state' && event.state === 'awaiting_approval') return event.state;
    tell(say, event);
    await cli.terminal.caughtUp();
    if (event.kind === 'state' && isFinal(event.state)) final ??= event.state;
  }
  return final;
}

/** Says once that the connection broke, not at each try. */
export function tellReconnects(cli: Cli): (cause: { detail: string }) => void {
  let told = false;
  return ({ detail }) => {
    if (!told) cli.terminal.note(line`${dim(`${detail} Joining again…`)}`);
    told = true;
  };
}

function sayOf(cli: Cli): Say {
  return cli.isJson ? (text) => cli.terminal.note(text) : (text) => cli.terminal.say(text);
}

const headings: Partial<Record<DeploymentState, string>> = {
  awaiting_approval: 'Waiting until a sysadmin approves',
  starting: 'Starting',
  checking: 'Checking',
  switching: 'Switching traffic',
  draining: 'Draining the old release',
};

/** The grammar of the push: headings behind an arrow, details indented. The builder writes its log in it already. */
function tell(say: Say, event: DeploymentEvent): void {
  switch (event.kind) {
    case 'state':
      if (headings[event.state]) say(heading(headings[event.state] ?? ''));
      return;
    case 'step':
      return say(/^(build|release)\./.test(event.step) ? heading(event.text) : line`       ${event.text}`);
    case 'log':
      for (const text of event.text.split('\n')) say(event.source === 'build' ? line`${text}` : line`       ${dim(`[${event.source}]`)} ${text}`);
      return;
    case 'build':
    case 'receipt':
      return;
  }
}

function heading(text: string): Line {
  return line`${cyan('----->')} ${text}`;
}

function tellEnd(cli: Cli, deployment: Deployment, state: DeploymentState): number {
  const say = sayOf(cli);
  if (state === 'live') tellLive(say, deployment);
  else if (state === 'awaiting_approval') tellAwaiting(say, deployment.id);
  else tellFailure(say, state, deployment.failure);
  if (cli.isJson) cli.terminal.json(deployment);
  return exitCodeOfState(state);
}

/** What a deployment deserves, by the first final state that its stream tells: one that is superseded now was live before. */
export function exitCodeOfState(state: DeploymentState): number {
  return state === 'live' || state === 'awaiting_approval' ? exitCodes.ok.code : exitCodes.failed.code;
}

/** It is handed over: nothing is left to do here. */
export function tellAwaiting(say: Say, deploymentId: string): void {
  say(heading('Waiting until a sysadmin approves'));
  say(line`       What it would change: molo changes ${deploymentId}`);
  say(line`       A sysadmin approves it with: molo approve ${deploymentId}`);
  say(line`       It goes on by itself then. Join it with: molo logs --deployment ${deploymentId}`);
}

function tellLive(say: Say, { app, environment, release, receipt }: Deployment): void {
  const version = release?.version ? `, version ${release.version},` : '';
  say(line`${green('----->')} ${bold(`v${release?.number ?? '?'}${version} is live`)} in ${environment} of ${app}`);
  if (receipt) say(line`       ${receiptLine(receipt)}`);
}

function tellFailure(say: Say, state: DeploymentState, failure: Failure | null): void {
  const [first = state, ...rest] = failure ? `${problems[failure.code].title}: ${failure.detail}`.split('\n') : [`The deployment is ${state}.`];
  for (const text of [first, ...rest]) say(line`${red(' !')}     ${text}`);
}

export function receiptLine(receipt: Receipt): string {
  return [
    count(receipt.requests, 'request'),
    `${receipt.failed} failed`,
    `${count(receipt.connectionsDropped, 'connection')} dropped`,
    ...(receipt.requests > 0 ? [`slowest ${duration(receipt.slowestMs)}`] : []),
    `live after ${duration(receipt.durationMs)}`,
    `${count(receipt.layersMoved, 'layer')} moved${receipt.layersMoved > 0 ? ` (${bytes(receipt.bytesMoved)})` : ''}`,
  ].join(', ');
}
