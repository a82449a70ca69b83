import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { Agent } from './agent.js';
import { AgentModule } from './agent.module.js';
import { removeDrafts } from './atomic-file.js';
import { loadConfig, type AgentConfig } from './config.js';
import { createLog, nestLogger, type Log } from './logger.js';
import { agentVersion } from './version.js';

/** Under MOLO_HOME: where files are replaced as a whole. */
const writtenFolders = ['agent', 'agent/cache', 'ingress', 'ingress/errors', 'ingress/maps'];

/** After this long an orderly end is given up; everything may be killed at any time anyway. */
const shutdownMs = 15_000;

/** Runs the agent until it is told to end. */
export async function run(): Promise<void> {
  const config = configOrExit();
  const log = createLog(config);
  exitOn('uncaughtException', log);
  exitOn('unhandledRejection', log);
  await removeDrafts(writtenFolders.map((folder) => join(config.home, folder))).catch((error: unknown) => log.warn({ err: error }, 'what an earlier agent left half written could not be removed'));
  const application = await NestFactory.createApplicationContext(AgentModule.forRoot(config, log), { logger: nestLogger(log), abortOnError: false });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutDown(() => application.close(), log));
  await application.get(Agent).start();
  log.info({ version: agentVersion, controlPlane: config.controlPlaneUrl }, 'agent started');
}

function configOrExit(): AgentConfig {
  try {
    return loadConfig();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(78);
  }
}

/** Instances keep running; builds that run are aborted and taken up again by whoever comes next. */
async function shutDown(close: () => Promise<void>, log: Log): Promise<void> {
  log.info('agent stops; instances keep running');
  setTimeout(() => process.exit(1), shutdownMs).unref();
  await close();
  process.exit(0);
}

/** What nobody foresaw leaves an unknown state: start again from the files. */
function exitOn(event: 'uncaughtException' | 'unhandledRejection', log: Log): void {
  process.on(event, (error: unknown) => {
    log.fatal({ err: error }, 'the agent failed and starts again');
    process.exit(1);
  });
}
