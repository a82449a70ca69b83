import { type Deployment, type DeploymentEvent, type DeploymentState, type Failure, isFinal, type Receipt } from '@molo/contracts';
import type { Cli } from '../cli.js';
import { exitCodes } from '../exit-codes.js';
import { bytes, count, duration } from '../terminal/measures.js';
import { bold, cyan, dim, green, type Line, line, red, yellow } from '../terminal/piece.js';

/** Writes a line: on stdout, or on stderr where stdout is kept for JSON. */
type Say = (text: Line) => void;

export interface Followed {
  /** How it ended; null when the person stopped following. */
  readonly state: DeploymentState | null;
  readonly exitCode: number;
}

/** Shows a deployment's build log and steps until it ends. Ctrl-C stops the showing, not the deployment. */
export async function follow(cli: Cli, deploymentId: string): Promise<Followed> {
  const detach = new AbortController();
  const interrupt = () => detach.abort();
  process.on('SIGINT', interrupt);
  try {
    const state = (await show(cli, deploymentId, detach.signal)) ?? (await (await cli.client()).getDeployment({ params: { deploymentId } })).state;
    return { state, exitCode: state === 'live' ? exitCodes.ok.code : exitCodes.failed.code };
  } catch (error) {
    if (!detach.signal.aborted) throw error;
    cli.terminal.note(line`\n${bold('Detached.')} The deployment goes on. Join it again with: molo logs --deployment ${deploymentId}`);
    return { state: null, exitCode: exitCodes.interrupted.code };
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** What commands do that started a deployment: follow it, or say how, and with --json print it as it stands then. */
export async function settle(cli: Cli, deployment: Deployment, detached: boolean | undefined): Promise<number> {
  const params = { deploymentId: deployment.id };
  if (detached) {
    if (cli.isJson) cli.terminal.json(deployment);
    else cli.terminal.say(line`Deployment ${deployment.id} is ${deployment.state}. Join it with: molo logs --deployment ${deployment.id}`);
    return exitCodes.ok.code;
  }
  const { exitCode, state } = await follow(cli, deployment.id);
  if (cli.isJson && state !== null) cli.terminal.json(await (await cli.client()).getDeployment({ params }));
  return exitCode;
}

/** Returns the first final state that the stream told; a release that was live and is superseded by now was live. */
async function show(cli: Cli, deploymentId: string, signal: AbortSignal): Promise<DeploymentState | undefined> {
  const { terminal } = cli;
  const say: Say = cli.isJson ? (text) => terminal.note(text) : (text) => terminal.say(text);
  let final: DeploymentState | undefined;
  const events = (await cli.client()).followDeployment({ params: { deploymentId } }, { signal, onReconnect: (cause) => terminal.note(line`${dim(`${cause.detail} Trying again…`)}`) });
  for await (const event of events) {
    tell(say, event);
    if (event.kind === 'state' && isFinal(event.state)) final ??= event.state;
  }
  return final;
}

/** The grammar of the push: headings behind an arrow, details indented. */
export function tell(say: Say, event: DeploymentEvent): void {
  switch (event.kind) {
    case 'step':
      return say(line`${cyan('----->')} ${event.text}`);
    case 'log':
      return tellLog(say, event.source, event.text);
    case 'receipt':
      return say(line`       ${receiptLine(event.receipt)}`);
    case 'state':
      return tellState(say, event.state, event.failure);
    case 'build':
      return;
  }
}

function tellLog(say: Say, source: string, text: string): void {
  for (const each of text.split('\n')) say(source === 'build' ? line`       ${each}` : line`       ${dim(`[${source}]`)} ${each}`);
}

function tellState(say: Say, state: DeploymentState, failure: Failure | null): void {
  if (!isFinal(state)) return;
  if (state === 'live') say(line`${green('----->')} ${bold('Live')}`);
  else say(line`${state === 'failed' ? red(' !     Failed') : yellow(` !     ${state}`)}`);
  for (const text of failure?.detail.split('\n') ?? []) say(line`${red(' !')}     ${text}`);
}

export function receiptLine(receipt: Receipt): string {
  return [
    count(receipt.requests, 'request'),
    `${receipt.failed} failed`,
    `${count(receipt.connectionsDropped, 'connection')} dropped`,
    `slowest ${duration(receipt.slowestMs)}`,
    `live after ${duration(receipt.durationMs)}`,
    `${count(receipt.layersMoved, 'layer')} moved, ${bytes(receipt.bytesMoved)}`,
  ].join(', ');
}
