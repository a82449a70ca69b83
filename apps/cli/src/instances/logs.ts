import { AppError, type DeploymentEvent, type InstanceLogLine, isFinal } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { checkId } from '../deployments/deployments.js';
import { exitCodeOfState, follow, tellDetached, tellReconnects } from '../deployments/follow.js';
import { exitCodes } from '../exit-codes.js';
import { dim, line, yellow } from '../terminal/piece.js';

interface LogOptions extends CommonOptions {
  readonly deployment?: string;
  readonly follow?: boolean;
  readonly lines: number;
  readonly process?: string;
}

export async function logs(cli: Cli, options: LogOptions): Promise<number> {
  if (options.deployment === undefined) return instanceLogs(cli, options);
  const deploymentId = checkId(options.deployment);
  if (cli.isJson) return deploymentEvents(cli, deploymentId);
  return follow(cli, deploymentId);
}

async function instanceLogs(cli: Cli, options: LogOptions): Promise<number> {
  const params = await cli.target();
  const query = { lines: options.lines, follow: options.follow === true, process: options.process };
  let isEmpty = true;
  const code = await untilInterrupted(async (signal) => {
    for await (const entry of (await cli.client()).readLogs({ params, query }, { signal, onReconnect: tellReconnects(cli) })) {
      isEmpty = false;
      if (cli.isJson) cli.terminal.jsonLine(entry satisfies InstanceLogLine);
      else tell(cli, entry);
      await cli.terminal.caughtUp();
    }
  });
  if (isEmpty && code === exitCodes.ok.code && options.lines > 0) cli.terminal.note(line`${params.environment} of ${params.app} has written no log yet. molo ps shows what runs there.`);
  return code;
}

function tell(cli: Cli, entry: InstanceLogLine): void {
  const from = `${new Date(entry.at).toISOString()} ${entry.instance} v${entry.release}`;
  for (const text of entry.text.split('\n')) {
    if (entry.stream === 'molo') cli.terminal.say(line`${dim(from)} ${yellow(text)}`);
    else cli.terminal.say(line`${dim(from)} ${text}`);
  }
}

/** The deployment's own stream, one event a line; the exit code is the deployment's. */
async function deploymentEvents(cli: Cli, deploymentId: string): Promise<number> {
  let ended: number | undefined;
  const code = await untilInterrupted(async (signal) => {
    for await (const event of (await cli.client()).followDeployment({ params: { deploymentId } }, { signal, onReconnect: tellReconnects(cli) })) {
      cli.terminal.jsonLine(event satisfies DeploymentEvent);
      await cli.terminal.caughtUp();
      if (event.kind === 'state' && isFinal(event.state)) ended ??= exitCodeOfState(event.state);
    }
  });
  if (code === exitCodes.interrupted.code) tellDetached(cli, deploymentId);
  return code === exitCodes.ok.code ? (ended ?? code) : code;
}

async function untilInterrupted(read: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  try {
    await read(stop.signal);
    return exitCodes.ok.code;
  } catch (error) {
    if (stop.signal.aborted && !(error instanceof AppError)) return exitCodes.interrupted.code;
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
  }
}
