import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { AgentConfig } from './config.js';

/** Injection token of the agent's own log (not the logs of instances). */
export const LOG = Symbol('agent log');

export type Log = Logger;

/** Where the log's disk is full nobody takes the lines: the agent must not wait for that, and drops what is more than this. */
const mostWaitingChars = 1024 ** 2;

/** JSON lines on standard output. Names under which secrets could come by are never written. */
export function createLog(config: Pick<AgentConfig, 'logLevel' | 'nodeName'>): Log {
  const options = {
    level: config.logLevel,
    base: { program: 'agent', node: config.nodeName },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: ['env', '*.env', 'token', '*.token', 'authorization', '*.authorization', 'headers', '*.headers', 'config', '*.config'], censor: '[hidden]' },
  };
  return pino(options, pino.destination({ fd: 1, sync: false, maxLength: mostWaitingChars }));
}

/** Lets NestJS say what it has to say in the same log. */
export function nestLogger(log: Log): LoggerService {
  return {
    log: (message: unknown) => log.debug(String(message)),
    error: (message: unknown, ...rest: unknown[]) => log.error({ rest }, String(message)),
    warn: (message: unknown) => log.warn(String(message)),
    debug: (message: unknown) => log.debug(String(message)),
    verbose: (message: unknown) => log.trace(String(message)),
  };
}
