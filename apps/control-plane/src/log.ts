import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { Config } from './config.js';

/** What one logs to: JSON lines. Inject it by this name. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the class is only the name under which pino's logger is injected
export abstract class Log {}
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export interface Log extends Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> {}

/** Whatever has one of these names is a secret, wherever it lies in what is logged. */
const secretNames = ['password', 'token', 'authorization', 'cookie', 'value', 'masterKey', 'nodeToken'];
const redacted = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Where the log's disk is full nobody takes the lines: the control plane must not wait for that, and drops what is more than this. */
const mostWaitingChars = 1024 ** 2;

export function createLog(config: Pick<Config, 'logLevel'>, destination: DestinationStream = output()): Log {
  const options = { name: 'control-plane', level: config.logLevel, redact: { paths: redacted, censor: '[hidden]' }, base: null };
  return pino(options, destination);
}

function output(): DestinationStream {
  return pino.destination({ fd: 1, sync: false, maxLength: mostWaitingChars });
}

/** Why something failed, in a line: for what is away, of which a stack tells nothing more. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Nest says what it has to say through the same log; its chatter about modules and routes is for debugging. */
export function nestLog(log: Log): LoggerService {
  return {
    log: (message: unknown, ...rest: unknown[]) => log.debug({ context: rest.at(-1) }, String(message)),
    debug: (message: unknown, ...rest: unknown[]) => log.debug({ context: rest.at(-1) }, String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => log.debug({ context: rest.at(-1) }, String(message)),
    warn: (message: unknown, ...rest: unknown[]) => log.warn({ context: rest.at(-1) }, String(message)),
    error: (message: unknown, ...rest: unknown[]) => log.error({ context: rest.at(-1), err: message instanceof Error ? message : undefined, stack: rest[0] }, String(message)),
    fatal: (message: unknown, ...rest: unknown[]) => log.fatal({ context: rest.at(-1) }, String(message)),
  };
}
