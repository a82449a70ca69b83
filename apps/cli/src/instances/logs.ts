import { AppError, type DeploymentEvent, type InstanceLogLine } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { checkId } from '../deployments/deployments.js';
import { follow, tellReconnects } from '../deployments/follow.js';
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
  const told = tellReconnects(cli);
  let last = '';
  let joinedAgain = false;
  const onReconnect = (cause: AppError) => {
    joinedAgain = true;
    told(cause);
  };
  const code = await untilInterrupted(async (signal) => {
    for await (const entry of (await cli.client()).readLogs({ params, query }, { signal, onReconnect })) {
      // An instance's log has no numbers to join by: what was shown already is told by its time.
      if (joinedAgain && entry.at <= last) continue;
      last = entry.at > last ? entry.at : last;
      if (cli.isJson) cli.terminal.jsonLine(entry satisfies InstanceLogLine);
      else tell(cli, entry);
      await cli.terminal.caughtUp();
    }
  });
  if (last === '' && code === exitCodes.ok.code && options.lines > 0) cli.terminal.note(line`${params.environment} of ${params.app} has written no log yet. molo ps shows what runs there.`);
  return code;
}

function tell(cli: Cli, entry: InstanceLogLine): void {
  const from = `${new Date(entry.at).toISOString()} ${entry.instance} v${entry.release}`;
  for (const text of entry.text.split('\n')) {
    if (entry.stream === 'molo') cli.terminal.say(line`${dim(from)} ${yellow(text)}`);
    else cli.terminal.say(line`${dim(from)} ${text}`);
  }
}

/** The deployment's own stream, one event a line. */
async function deploymentEvents(cli: Cli, deploymentId: string): Promise<number> {
  return untilInterrupted(async (signal) => {
    for await (const event of (await cli.client()).followDeployment({ params: { deploymentId } }, { signal })) cli.terminal.jsonLine(event satisfies DeploymentEvent);
  });
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
