import { Config, ConfigError, loadConfig } from './config.js';
import { createLog, type Log } from './log.js';
import { startControlPlane } from './server.js';

function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(78);
  }
}

async function run(config: Config, log: Log): Promise<void> {
  const controlPlane = await startControlPlane(config, log);
  log.info({ url: controlPlane.url }, 'the control plane is up');
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  log.info({ signal }, 'stopping');
  await controlPlane.stop();
  log.info({}, 'stopped');
}

const config = readConfig();
const log = createLog(config);
process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise was rejected and nobody heard'));
try {
  await run(config, log);
  process.exit(0);
} catch (error) {
  log.fatal({ err: error }, 'the control plane cannot run');
  process.exit(1);
}
